import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { Failure } from '../failure.ts'
import { convertV5 } from '../legacy/convert.ts'
import { centrifugoOptions } from '../options/index.ts'
import type { Node } from '../options/kinds.ts'
import { topNames } from '../legacy/v5-names.ts'
import { Folder } from '../testing/cli.ts'
import { loadConfig, type Sources } from './load-config.ts'
import { printConfig } from './parse.ts'
import { isRecord } from './values.ts'

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 300)
const timeout = 30_000 + numRuns * 50
const folder = new Folder()
afterAll(() => folder[Symbol.dispose]())

/** Either it is checked, or it is refused in words; anything else fails. */
function loadsOrRefuses(text: string, name: string, sources: Partial<Sources> = {}): void {
  expect(outcome(text, name, sources)).not.toMatch(/^$|undefined/)
}

function outcome(text: string, name: string, sources: Partial<Sources>): string {
  try {
    const { server } = loadConfig({ file: folder.write(name, text), isExplicit: true, env: {}, ...sources })
    return `port ${server.port}`
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return error.message.replaceAll(text, '')
  }
}

function* pathsOf(node: Node, path: readonly string[] = []): Generator<readonly string[]> {
  if (node.kind === 'option') yield path
  else if (node.kind === 'groups') yield* pathsOf(node.entry, [...path, '[]'])
  else for (const [name, member] of node.members) yield* pathsOf(member, [...path, name])
}

const paths = Array.from(pathsOf(centrifugoOptions))

const likelyValue = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    '25s',
    '1h',
    '-1s',
    '0',
    '',
    'true',
    'memory',
    'redis',
    'http://127.0.0.1:1',
    'grpc://x',
    '[',
    '(a+)+$',
  ),
  fc.nat(70_000),
  fc.boolean(),
)

/** A configuration with a few real options in it, most of them with wrong values. */
const nearlyConfig = fc.array(fc.tuple(fc.constantFrom(...paths), likelyValue), { maxLength: 6 }).map((settings) => {
  const config: Record<string, unknown> = {}
  for (const [path, value] of settings) place(config, path, value)
  return config
})

function place(at: Record<string, unknown>, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) at[name] = value
  else if (rest[0] === '[]') {
    const entry: Record<string, unknown> = { name: 'entry' }
    place(entry, rest.slice(1), value)
    at[name] = [entry]
  } else {
    if (!isRecord(at[name])) at[name] = {}
    place(at[name] as Record<string, unknown>, rest, value)
  }
}

test('any JSON is a configuration or refused', { timeout }, () => {
  fc.assert(
    fc.property(fc.json(), (text) => loadsOrRefuses(text, 'any.json')),
    { numRuns },
  )
})

test('any text is a configuration or refused, in each language', { timeout }, () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.json()),
      fc.constantFrom('json', 'yaml', 'toml'),
      (text, format) => loadsOrRefuses(text, `any.${format}`),
    ),
    { numRuns },
  )
})

test('real options with any values are taken or refused', { timeout }, () => {
  fc.assert(
    fc.property(nearlyConfig, fc.constantFrom([], 'all' as const), (config, allowed) =>
      loadsOrRefuses(JSON.stringify(config), 'nearly.json', { allowed }),
    ),
    { numRuns },
  )
})

test('variables with any text are taken or refused', { timeout }, () => {
  const name = fc.constantFrom(...paths).map((path) => {
    const upper = path.map((part) => (part === '[]' ? 'ENTRY' : part.toUpperCase()))
    return `CENTRIFUGO_${upper.join('_')}`
  })
  const lists = fc.constantFrom(
    'CENTRIFUGO_CHANNEL_NAMESPACES',
    'CENTRIFUGO_PROXIES',
    'CENTRIFUGO_CONSUMERS',
    'CENTRIFUGO_RPC_NAMESPACES',
  )
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom('entry', 'entry entry', '[{"name":"entry"}]', 'true', '1', '1s'),
  )
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.oneof(
            name,
            lists,
            fc.string().map((end) => `CENTRIFUGO_${end}`),
          ),
          text,
        ),
        { maxLength: 6 },
      ),
      (pairs) => loadsOrRefuses('{}', 'env.json', { env: Object.fromEntries(pairs) }),
    ),
    { numRuns },
  )
})

test('any v5 configuration is converted or refused, and what comes out can be printed and read', { timeout }, () => {
  const names = fc.oneof(
    fc.constantFrom(...topNames.keys(), 'namespaces', 'proxies', 'consumers', 'rpc_namespaces', 'tls', 'tls_cert'),
    fc.constantFrom('connect_proxy_name', 'proxy_connect_endpoint', 'proxy_http_headers', 'broker', '__proto__'),
  )
  const value = fc.oneof(
    likelyValue,
    fc.array(fc.dictionary(fc.oneof(names, fc.constant('name')), likelyValue), { maxLength: 2 }),
  )
  fc.assert(
    fc.property(fc.dictionary(names, value, { maxKeys: 6 }), (raw) => {
      const { config } = convertV5(raw)
      loadsOrRefuses(printConfig(config, 'json'), 'v6.json', { allowed: 'all' })
      loadsOrRefuses(printConfig(config, 'yaml'), 'v6.yaml', { allowed: 'all' })
    }),
    { numRuns },
  )
})

test('deep nesting is refused', () => {
  const deep = (inner: string): string => `{"client":${'['.repeat(100_000)}${inner}${']'.repeat(100_000)}}`
  loadsOrRefuses(deep('1'), 'deep.json')
  loadsOrRefuses(`client: ${'{a: '.repeat(2000)}1${'}'.repeat(2000)}`, 'deep.yaml')
  loadsOrRefuses(`a = ${'['.repeat(2000)}1${']'.repeat(2000)}`, 'deep.toml')
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
  for (let i = 0; i < 9; i++) bomb.push(`${'bcdefghij'[i]}: &${'bcdefghij'[i]} [${`*${'abcdefghi'[i]},`.repeat(9)}]`)
  loadsOrRefuses(bomb.join('\n'), 'bomb.yaml')
})
