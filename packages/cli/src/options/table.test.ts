import { execFileSync } from 'node:child_process'
import { configPaths, parseDuration } from '@backchannel/hub/config'
import { centrifugoAvailable, centrifugoBinary, centrifugoMajorVersion } from '@backchannel/servers'
import { expect, test } from 'vitest'
import { loadConfig } from '../load/load-config.ts'
import { Folder } from '../testing/cli.ts'
import { centrifugoOptions, serveOptions } from './index.ts'
import type { Node, Option } from './kinds.ts'

function* optionsOf(node: Node = centrifugoOptions, path = ''): Generator<[string, Option]> {
  if (node.kind === 'option') yield [path, node]
  else if (node.kind === 'groups') yield* optionsOf(node.entry, path)
  else for (const [name, member] of node.members) yield* optionsOf(member, path === '' ? name : `${path}.${name}`)
}

const table = new Map(optionsOf())

/** What matters to clients and is not there unless the hub has it: nobody may start without it unawares. */
const neverIgnored = [
  'engine.type',
  'broker.type',
  'presence_manager.type',
  'consumers.enabled',
  'grpc_api.enabled',
  'uni_grpc.enabled',
  'webtransport.enabled',
  'http_server.tls.enabled',
  'http_server.tls_autocert.enabled',
  'http_server.internal_tls.enabled',
  'http_server.http3.enabled',
  'client.token.hmac_secret_key',
  'client.token.jwks_public_endpoint',
  'client.token.issuer',
  'client.token.audience_regex',
  'client.proxy.connect.enabled',
  'client.user_connection_limit',
  'channel.private_prefix',
  'channel.namespaces.subscription_type',
  'channel.namespaces.allow_publish_for_client',
  'channel.namespaces.subscribe_proxy_enabled',
  'channel.namespaces.channel_regex',
  'channel.without_namespace.force_recovery',
  'channel.without_namespace.presence',
  'rpc.namespaces.proxy_enabled',
  'proxies.http.tls.enabled',
  'http_api.key',
  'http_api.disabled',
  'websocket.message_size_limit',
  'sse.enabled',
]

test.each(neverIgnored)('a hub without %s is not started unawares', (path) => {
  expect(table.get(path)?.lack).toBe('refused')
})

test('the hub and the server have only options that Centrifugo has', () => {
  expect([...configPaths(), ...serveOptions].filter((path) => !table.has(path))).toEqual([])
})

test('every default is of its option’s type', () => {
  const types: Record<Option['type'], (value: unknown) => boolean> = {
    text: (value) => typeof value === 'string',
    integer: Number.isSafeInteger,
    boolean: (value) => value === false,
    duration: (value) => typeof value === 'string' && parseDuration(value) !== undefined,
    list: Array.isArray,
    map: (value) => JSON.stringify(value) === '{}',
  }
  expect(Array.from(table).filter(([, { type, fallback }]) => !types[type](fallback))).toEqual([])
})

const available = await centrifugoAvailable()
const binary = available.ok ? await centrifugoBinary() : ''
const isV6 = available.ok && (await centrifugoMajorVersion(binary)) === 6

const skipReason = 'the options of Centrifugo v6 are compared with a binary of it (CENTRIFUGO_BINARY)'
const withV6 = isV6 ? {} : { skip: true, meta: { skipReason } }

/** One entry in every list, so that its options are shown. */
const base = {
  channel: { namespaces: [{ name: 'ns' }] },
  rpc: { namespaces: [{ name: 'rpc' }] },
  proxies: [{ name: 'proxy', endpoint: 'http://127.0.0.1:1' }],
  consumers: [{ name: 'consumer', type: 'kafka' }],
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `[path, value]` of everything that the real server prints. */
function* leaves(value: unknown, path = ''): Generator<[string, unknown]> {
  if (isRecord(value) && (Object.keys(value).length > 0 || path === '')) {
    for (const [name, inner] of Object.entries(value)) yield* leaves(inner, path === '' ? name : `${path}.${name}`)
  } else if (Array.isArray(value) && isRecord(value[0])) yield* leaves(value[0], path)
  else yield [path, value]
}

/** In this table they are lists of options; the real server prints no entry where there is none. */
const isList = (path: string): boolean => Array.from(table.keys()).some((known) => known.startsWith(`${path}.`))

test('the table has every option of the real server, with its default', withV6, () => {
  using folder = new Folder()
  const args = ['defaultconfig', '--dry-run', '--base', folder.write('base.json', base)]
  const printed = execFileSync(binary, args, { encoding: 'utf8', env: {} })
  const real = Array.from(leaves(JSON.parse(printed)))
  expect(real.length).toBeGreaterThan(900)
  expect(real.map(([path]) => path).filter((path) => !table.has(path) && !isList(path))).toEqual([])

  const given = new Set(['consumers.type', 'proxies.endpoint'])
  const wrong = real.flatMap(([path, value]) => {
    const option = table.get(path)
    if (!option || path.endsWith('.name') || given.has(path)) return []
    const ours = option.type === 'duration' ? parseDuration(String(option.fallback)) : option.fallback
    const theirs = option.type === 'duration' ? parseDuration(String(value)) : (value ?? [])
    return JSON.stringify(ours) === JSON.stringify(theirs) ? [] : [{ path, ours, theirs }]
  })
  expect(wrong).toEqual([])
})

test.each(['json', 'yaml', 'toml'])(
  'what the real server writes as its defaults is taken in %s',
  withV6,
  (extension) => {
    using folder = new Folder()
    const file = `${folder.path}/config.${extension}`
    execFileSync(binary, ['defaultconfig', '--config', file], { env: {} })
    expect(loadConfig({ file, isExplicit: true, env: {} }).warnings).toEqual([])
  },
)

test('so is what it writes as variables', withV6, () => {
  using folder = new Folder()
  const printed = execFileSync(binary, ['defaultenv'], { encoding: 'utf8', env: {} })
  const variables = Array.from(
    printed.matchAll(/^(CENTRIFUGO_\w+)=(?:"(.*)"|(.*))$/gm),
    ([, name = '', quoted, plain]) => [name, quoted ?? plain] as const,
  )
  expect(variables.length).toBeGreaterThan(700)
  const loaded = loadConfig({
    file: folder.write('config.json', {}),
    isExplicit: true,
    env: Object.fromEntries(variables),
  })
  expect(loaded.warnings).toEqual([])
})
