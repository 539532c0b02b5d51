import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

import * as cache from '@backchannel/cache'
import * as hub from '@backchannel/hub'
import * as outbox from '@backchannel/outbox'
import * as dispatch from '@backchannel/outbox/dispatch'
import * as protocol from '@backchannel/protocol'
import * as token from '@backchannel/protocol/token'
import * as realtime from '@backchannel/realtime'
import * as client from '@backchannel/realtime/client'
import * as node from '@backchannel/realtime/node'
import * as react from '@backchannel/realtime/react'
import * as vite from '@backchannel/realtime/vite'
import { afterAll, describe, expect, test } from 'vitest'

// By its file: on a server the package's own entry throws.
import * as collab from '../packages/collab/src/client/index.ts'
import * as collabServer from '../packages/collab/src/server/index.ts'
import { anchors, codeBlocks, links, type CodeBlock } from './docs/markdown.ts'

const root = dirname(import.meta.dirname)
const pages = globSync(['*.md', 'docs/*.md', '{packages,apps,examples}/*/README.md', '{benchmarks,conformance}/*.md'], {
  cwd: root,
})
  .map((page) => page.replaceAll('\\', '/'))
  .toSorted()
const read = (page: string) => readFileSync(join(root, page), 'utf8')

interface Snippet extends CodeBlock {
  page: string
}

const snippets = pages.flatMap((page) => codeBlocks(read(page)).map((block): Snippet => ({ ...block, page })))
const code = snippets.filter(({ language }) => language === 'ts' || language === 'tsx')
const nameOf = ({ page, line }: Snippet) => `${page}:${line}`

mkdirSync(join(root, '.cache'), { recursive: true })
// Within the repository, so that the packages are found from there.
const folder = mkdtempSync(join(root, '.cache', 'docs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const fileOf = ({ page, line, language }: Snippet) => `${page.replaceAll(/\W/g, '-')}-${line}.${language}`

/** What TypeScript knows without an import. */
const ambient = new Set([
  'Buffer',
  'Date',
  'Error',
  'Iterable',
  'Omit',
  'Promise',
  'Readonly',
  'ReadonlyMap',
  'Record',
  'Request',
  'Response',
])
ambient.add('Uint8Array')

/** Of a list such as `Key extends string, Value = never`. */
function typeParameters(list: string): string[] {
  return [...list.matchAll(/(?:^|,)\s*(?:const )?(\w+)(?=\s*(?:,|$|extends|=))/g)].map(([, name = '']) => name)
}

/** Names of types in a block of declarations, its own type parameters aside. */
function typeNames(text: string): Set<string> {
  const plain = text.replaceAll(/\/\*\*[\s\S]*?\*\/|\/\/.*$|'[^']*'|`[^`]*`/gm, '')
  const names = new Set(plain.match(/(?<![\w.])[A-Z]\w*/g))
  for (const [, list = ''] of plain.matchAll(/^(?:function|interface|type|class) \w+<([^(){]*)>/gm)) {
    for (const parameter of typeParameters(list)) names.delete(parameter)
  }
  for (const [, parameter = ''] of plain.matchAll(/<(\w+) extends/g)) names.delete(parameter)
  return names
}

/**
 * What is compiled for a block. One with the flags `signatures <entry>` repeats declarations of that entry, and each of
 * them has to be the same type as the original. Any other block is a module.
 */
function sourceOf({ code: text, flags: [kind, entry] }: Snippet): string {
  if (kind !== 'signatures') return `${text}\nexport {}\n`
  // Overloads of one function are one declaration.
  const own = new Map(
    [...text.matchAll(/^(function|interface|type|class) (\w+)(?:<([^(){]*?)>)?/gm)].map((match) => [match[2], match]),
  )
  const imported = [...text.matchAll(/^import type \{(.*)\}/gm)].flatMap(([, list = '']) => list.split(/[\s,]+/))
  const known = new Set([...imported, ...own.keys()])
  const missing = [...typeNames(text)].filter((name) => !known.has(name) && !ambient.has(name))
  const checks = [...own.values()].map(([, keyword, name, list = '']) => {
    const [shown, actual] =
      keyword === 'function' || keyword === 'class'
        ? [`typeof ${name}`, `typeof actual.${name}`]
        : [name, `actual.${name}`]
    const parameters = keyword === 'function' ? [] : typeParameters(list).map(() => 'never')
    const of = parameters.length > 0 ? `<${parameters.join(', ')}>` : ''
    return `export const same_${name}: Equal<${shown}${of}, ${actual}${of}> = true`
  })
  return [
    `import type * as actual from '${entry}'`,
    ...missing.map((name) => `import type { ${name} } from '${entry}'`),
    text.replaceAll(/^(?=function|class)/gm, 'declare '),
    // Identical, not only assignable: an optional member that one of the two lacks counts.
    'type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false',
    ...checks,
  ].join('\n')
}

describe('code blocks', () => {
  test('compile', { timeout: 120_000 }, () => {
    const files = code.map((snippet) => {
      writeFileSync(join(folder, fileOf(snippet)), sourceOf(snippet))
      return fileOf(snippet)
    })
    const config = {
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: { exactOptionalPropertyTypes: false, jsx: 'react-jsx', lib: ['ES2024', 'DOM', 'DOM.Iterable'] },
      files: [...files, join(root, 'docs/snippets.d.ts')],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const { stdout } = spawnSync('tsc', ['--noEmit', '--pretty', 'false', '-p', folder], {
      encoding: 'utf8',
      cwd: folder,
    })
    const place = new Map(code.map((snippet) => [fileOf(snippet), nameOf(snippet)]))
    expect(stdout.replaceAll(/^[\w-]+\.tsx?(?=\()/gm, (file) => `${place.get(file)} `)).toBe('')
  })

  const runnable = code.filter(({ flags }) => flags.includes('run'))
  test.each(runnable.map((snippet) => [nameOf(snippet), snippet] as const))(
    '%s runs, prints what the page says, and ends by itself',
    // A PGlite takes seconds to start where other tests run.
    { timeout: 60_000 },
    (_, snippet) => {
      const file = join(folder, `run-${fileOf(snippet)}`)
      writeFileSync(file, snippet.code)
      const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@backchannel/source', file], {
        encoding: 'utf8',
        timeout: 50_000,
        env: { PATH: process.env['PATH'] },
      })
      const printed = snippets[snippets.indexOf(snippet) + 1]
      expect(printed?.flags).toEqual(['output'])
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: printed?.code, stderr: '' })
    },
  )

  test('some of them are run', () => {
    expect(runnable.length).toBeGreaterThan(2)
  })

  test('name only npm scripts that exist', () => {
    const wrong = pages.flatMap((page) =>
      [...read(page).matchAll(/npm run (?:--silent )?([\w:-]+)(?: -w ([\w/-]+))?/g)]
        .filter(
          ([, name = '', workspace = '.']) => !(name in JSON.parse(read(join(workspace, 'package.json'))).scripts),
        )
        .map(([command]) => `${page}: ${command}`),
    )
    expect(wrong).toEqual([])
  })
})

describe('docs/packages.md', () => {
  const reference = read('docs/packages.md')
  const entries = {
    '@backchannel/realtime': realtime,
    '@backchannel/realtime/client': client,
    '@backchannel/realtime/react': react,
    '@backchannel/realtime/node': node,
    '@backchannel/realtime/vite': vite,
    '@backchannel/hub': hub,
    '@backchannel/cache': cache,
    '@backchannel/outbox': outbox,
    '@backchannel/outbox/dispatch': dispatch,
    '@backchannel/collab': collab,
    '@backchannel/collab/server': collabServer,
    '@backchannel/protocol': protocol,
    '@backchannel/protocol/token': token,
  }
  test.each(Object.entries(entries))('describes every export of %s', (entry, exports) => {
    expect(Object.keys(exports).filter((name) => !new RegExp(`\\b${name}\\b`).test(reference))).toEqual([])
    expect(reference).toContain(entry)
  })
})

describe('file names', () => {
  const exclude = ['**/node_modules', '**/dist', '**/.*', '**/test-results']
  // `protocol/errors.ts` may stand for `packages/protocol/src/errors.ts`.
  const files = globSync('**/*.{ts,tsx,mjs,json,yaml,md}', { cwd: root, exclude }).flatMap((file) => [
    `/${file}`,
    `/${file.replace('/src/', '/')}`,
  ])
  /** Files that a reader is told to make, and a pattern. */
  const imagined = new Set(['hello.ts', 'x.test.ts'])

  test.each(pages)('%s names only files that exist', (page) => {
    const named = [...read(page).matchAll(/`([\w./-]+\.(?:tsx?|mjs|json|yaml|md))`/g)].map(([, name = '']) => name)
    expect(named.filter((name) => !imagined.has(name) && !files.some((file) => file.endsWith(`/${name}`)))).toEqual([])
  })
})

describe('links', () => {
  test.each(pages)('%s leads to files and headings that exist', (page) => {
    const broken = links(read(page)).filter((target) => {
      if (/^[a-z]+:/.test(target)) return false
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? page : normalize(join(dirname(page), path))
      if (!existsSync(join(root, file))) return true
      if (anchor === undefined) return false
      return statSync(join(root, file)).isDirectory() || !anchors(read(file)).has(anchor)
    })
    expect(broken).toEqual([])
  })
})
