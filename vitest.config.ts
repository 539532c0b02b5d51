import { existsSync, readdirSync } from 'node:fs'
import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

const conditions = ['@backchannel/source', ...defaultServerConditions]

// The workers inherit it: the order of the files and fast-check's cases follow from one number.
process.env['SEED'] ??= String(Date.now() % 2 ** 31)

// Many tests start programs, from source: what was compiled once is taken from here, which halves a start.
process.env['NODE_COMPILE_CACHE'] ??= `${import.meta.dirname}/.cache/node`

/** Every workspace is a project of its own, named after its folder: `vitest --project hub`. */
const workspaces = ['packages', 'apps', 'tools'].flatMap((parent) =>
  readdirSync(parent)
    .map((name) => ({ name, root: `${parent}/${name}` }))
    .filter(({ root }) => existsSync(`${root}/package.json`)),
)

export default defineConfig({
  ssr: { resolve: { conditions } },
  test: {
    sequence: { seed: Number(process.env['SEED']), shuffle: { files: true, tests: false } },
    setupFiles: [`${import.meta.dirname}/scripts/vitest-setup.ts`],
    // Left alone, one core is kept for Vitest itself, which has little to do.
    maxWorkers: '100%',
    // For a loaded machine; what hangs ends here.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    projects: [
      ...workspaces,
      { name: 'root', root: '.' },
      { name: 'benchmarks', root: 'benchmarks' },
      { name: 'examples', root: 'examples' },
      { name: 'conformance', root: 'conformance' },
    ].map(({ name, root }) => ({
      extends: true as const,
      root,
      test: { name, include: name === 'root' ? ['scripts/**/*.test.ts'] : ['**/*.test.{ts,tsx}'] },
    })),
  },
})
