import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { exitCodes } from './failure.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const read = (page: string): string => readFileSync(`${root}/${page}`, 'utf8')
const pages = globSync(['*.md', 'docs/*.md', '{packages,apps}/*/README.md', '{benchmarks,conformance}/*.md'], {
  cwd: root,
})

test('outside of this repository the package is named: npm’s `backchannel` is somebody else’s', () => {
  expect(pages).toContain('docs/cli.md')
  expect(pages.filter((page) => page !== 'docs/cli.md' && read(page).includes('npx backchannel'))).toEqual([])
  expect(read('docs/cli.md')).toContain('Never run `npx` with the bare word `backchannel`')
})

test('every exit code is described', () => {
  const described = Array.from(read('docs/cli.md').matchAll(/^\| (\d) \|/gm), ([, code]) => Number(code))
  expect(described).toEqual([0, ...Object.values(exitCodes)])
})
