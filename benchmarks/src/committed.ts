/** What the last written run left in the repository, and everything that is made of it. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { headline, targetEntries } from './report/headline.ts'
import { growthPicture, headlinePicture } from './report/pictures.ts'
import { replaceSection } from './report/readme.ts'
import { tables } from './report/tables.ts'
import type { Results } from './results.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const figures = `${repository}benchmarks/results/results.json`

/** @throws Error when there are none */
export function readResults(): Results {
  if (!existsSync(figures)) throw new Error('There are no committed results to compare with: make some with --write')
  return JSON.parse(readFileSync(figures, 'utf8')) as Results
}

/** Those that a reader chooses between, and what limits all of them. */
const peersInReadme: readonly string[] = ['hub', 'centrifugo', 'socket-io', 'ws-shared', 'floor']

function inReadme(results: Results): Results {
  return { ...results, peers: results.peers.filter(({ name }) => peersInReadme.includes(name)) }
}

/** Writes figures, tables, pictures and the README's section. @returns the files, as seen from the repository */
export function writeResults(results: Results): string[] {
  const readme = `${repository}README.md`
  const page = `${repository}docs/performance.md`
  const files = {
    // One sample a line: a diff shows what has changed.
    [figures]: `${JSON.stringify(results, null, 1)}\n`,
    [`${repository}benchmarks/results/results.md`]: tables(results),
    [`${repository}docs/images/benchmark.svg`]: headlinePicture(inReadme(results)),
    [`${repository}docs/images/growth-subscribers.svg`]: growthPicture(results, 'growth-subscribers'),
    [`${repository}docs/images/growth-channels.svg`]: growthPicture(results, 'growth-channels'),
    [readme]: replaceSection(readFileSync(readme, 'utf8'), headline(inReadme(results))),
    [page]: replaceSection(readFileSync(page, 'utf8'), headline(results, targetEntries)),
  }
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return Object.keys(files).map((file) => relative(repository, file))
}
