import { execFileSync } from 'node:child_process'
import {
  centrifugoAvailable,
  centrifugoBinary,
  centrifugoMajorVersion,
  toCentrifugoV5,
  type CentrifugoConfig,
} from '@backchannel/servers'
import { describe, expect, test } from 'vitest'
import { Folder } from '../testing/cli.ts'
import { convertV5 } from './convert.ts'

/** What v6 has and the other converter, from v6 to v5, knows as well. */
const shared: CentrifugoConfig = {
  client: {
    token: { hmac_secret_key: 'secret', audience: 'app' },
    subscription_token: { enabled: true, hmac_secret_key: 'other' },
    allowed_origins: ['http://localhost:3000'],
    ping_interval: '25s',
    channel_limit: 128,
    connection_limit: 1000,
    subscribe_to_user_personal_channel: {
      enabled: true,
      personal_channel_namespace: 'personal',
      single_connection: true,
    },
    proxy: { connect: { enabled: true, endpoint: 'http://127.0.0.1:1/connect', timeout: '2s' } },
  },
  channel: {
    history_meta_ttl: '1h',
    without_namespace: { presence: true, publish_proxy_enabled: true },
    namespaces: [
      { name: 'personal', history_size: 300, history_ttl: '600s', force_recovery: true, presence: true },
      { name: 'rooms', subscribe_proxy_enabled: true, allowed_delta_types: ['fossil'], channel_regex: '^a' },
    ],
    proxy: {
      publish: { endpoint: 'http://127.0.0.1:1/publish' },
      subscribe: { endpoint: 'http://127.0.0.1:1/subscribe' },
    },
  },
  rpc: { ping: { enabled: true, method: 'p' } },
  http_api: { key: 'api', error_mode: 'transport', external: true },
  http_server: { address: '127.0.0.1', port: 8001, internal_port: '9001' },
  engine: { type: 'redis', redis: { address: ['redis://127.0.0.1:6379'], prefix: 'p' } },
  websocket: { message_size_limit: 1000, compression: true },
  sse: { enabled: true },
  uni_http_stream: { enabled: true, max_request_body_size: 5 },
  health: { enabled: true },
  prometheus: { enabled: true, handler_prefix: '/m' },
  admin: { enabled: true, password: 'p', secret: 's' },
  log: { level: 'debug' },
  node: { name: 'one' },
  shutdown: { timeout: '5s' },
  usage_stats: { disabled: true },
}

const transform = { status_code: 404, to_error: { code: 1000, message: 'none' } }

/** What takes more than another name, with what becomes of it. */
const special: [string, CentrifugoConfig, CentrifugoConfig][] = [
  [
    'TLS, whose PEM wins over a file',
    {
      tls: true,
      tls_cert: 'cert.pem',
      tls_key: 'key.pem',
      tls_key_pem: 'PEM',
      redis_tls: true,
      redis_tls_root_ca: 'ca.pem',
    },
    {
      http_server: { tls: { enabled: true, cert_pem: 'cert.pem', key_pem: 'PEM' } },
      engine: { redis: { tls: { enabled: true, server_ca_pem: 'ca.pem' } } },
    },
  ],
  [
    'what all proxies have in common',
    {
      proxy_connect_endpoint: 'http://a',
      proxy_rpc_endpoint: 'http://b',
      proxy_rpc_timeout: '3s',
      proxy_http_headers: ['Cookie'],
      proxy_static_http_headers: { 'x-a': 'b' },
    },
    {
      client: {
        proxy: {
          connect: {
            enabled: true,
            endpoint: 'http://a',
            http_headers: ['Cookie'],
            http: { static_headers: { 'x-a': 'b' } },
          },
        },
      },
      rpc: {
        without_namespace: { proxy_enabled: true },
        proxy: {
          endpoint: 'http://b',
          timeout: '3s',
          http_headers: ['Cookie'],
          http: { static_headers: { 'x-a': 'b' } },
        },
      },
    },
  ],
  [
    'proxies by name',
    {
      granular_proxy_mode: true,
      proxies: [
        { name: 'backend', endpoint: 'http://a', http_headers: ['Cookie'], grpc_compression: true },
        { name: 'other', endpoint: 'http://b', http_status_to_code_transforms: [transform] },
      ],
      connect_proxy_name: 'backend',
      rpc_proxy_name: 'other',
      subscribe_proxy_name: 'other',
      publish_proxy_name: '',
      namespaces: [{ name: 'ns', publish_proxy_name: 'backend' }],
      rpc_namespaces: [{ name: 'on', rpc_proxy_name: 'backend' }, { name: 'off' }],
    },
    {
      proxies: [
        { name: 'backend', endpoint: 'http://a', http_headers: ['Cookie'], grpc: { compression: true } },
        { name: 'other', endpoint: 'http://b', http: { status_to_code_transforms: [transform] } },
      ],
      client: {
        proxy: {
          connect: { enabled: true, endpoint: 'http://a', http_headers: ['Cookie'], grpc: { compression: true } },
        },
      },
      rpc: {
        without_namespace: { proxy_enabled: true, proxy_name: 'other' },
        namespaces: [{ name: 'on', proxy_enabled: true, proxy_name: 'backend' }, { name: 'off' }],
      },
      channel: {
        without_namespace: { subscribe_proxy_enabled: true, subscribe_proxy_name: 'other' },
        namespaces: [{ name: 'ns', publish_proxy_enabled: true, publish_proxy_name: 'backend' }],
      },
    },
  ],
  [
    'consumers, which v5 has on and v6 off',
    {
      consumers: [
        { name: 'outbox', type: 'postgresql', postgresql: { dsn: 'postgres://a', outbox_table_name: 'outbox' } },
        {
          name: 'kafka',
          type: 'kafka',
          disabled: true,
          kafka: { brokers: ['a'], tls: true, tls_cert: 'c', partition_buffer_size: 0 },
        },
      ],
    },
    {
      consumers: [
        {
          name: 'outbox',
          type: 'postgresql',
          postgresql: { dsn: 'postgres://a', outbox_table_name: 'outbox' },
          enabled: true,
        },
        {
          name: 'kafka',
          type: 'kafka',
          enabled: false,
          kafka: { brokers: ['a'], tls: { enabled: true, cert_pem: 'c' } },
        },
      ],
    },
  ],
  [
    'a broker of its own',
    { broker: 'nats', nats_url: 'nats://a' },
    { broker: { enabled: true, type: 'nats', nats: { url: 'nats://a' } } },
  ],
  [
    'capitals and empty texts',
    { API_Key: 'k', broker: '', tls_cert: '', proxy_connect_endpoint: '' },
    { http_api: { key: 'k' } },
  ],
]

describe('v5 becomes v6', () => {
  test('as the way from v6 to v5, the other way round', () => {
    const { config, notes, unknown } = convertV5(toCentrifugoV5(shared))
    expect({ notes, unknown }).toEqual({ notes: [], unknown: [] })
    expect(config).toEqual(shared)
  })

  test.each(special)('%s', (_, v5, v6) => {
    const { config, notes, unknown } = convertV5(v5)
    expect({ config, notes, unknown }).toEqual({ config: v6, notes: [], unknown: [] })
  })

  test('what v6 has no more is named with a reason, unless it did nothing', () => {
    const { config, notes, unknown } = convertV5({
      sockjs: true,
      sockjs_url: '',
      tarantool_address: 'tcp://a',
      gomaxprocs: 0,
    })
    expect(config).toEqual({})
    expect(unknown).toEqual([])
    expect(notes).toEqual([
      'sockjs: left out: SockJS was removed in v6; clients use http_stream or sse',
      'tarantool_address: left out: Tarantool was removed in v6',
    ])
  })

  test('what v5 does not have either is named', () => {
    const { unknown } = convertV5({
      tokn: 'x',
      namespaces: [{ name: 'a', histroy: 1 }],
      proxies: 5,
      connect_proxy_name: 'nobody',
    })
    expect(unknown.toSorted()).toEqual([
      'connect_proxy_name: no such proxy',
      'namespaces[0].histroy',
      'proxies: expected a list of objects',
      'tokn',
    ])
  })
})

const available = await centrifugoAvailable()
const binary = available.ok ? await centrifugoBinary() : ''
const isV6 = available.ok && (await centrifugoMajorVersion(binary)) === 6
const skipReason = 'converted configurations are shown to a Centrifugo v6 (CENTRIFUGO_BINARY)'

test.each([['shared', toCentrifugoV5(shared)] as const, ...special.map(([name, v5]) => [name, v5] as const)])(
  'the real server takes what comes out: %s',
  isV6 ? {} : { skip: true, meta: { skipReason } },
  (_, v5) => {
    using folder = new Folder()
    const file = folder.write('config.json', convertV5(v5).config)
    expect(execFileSync(binary, ['checkconfig', '--strict', '--config', file], { encoding: 'utf8', env: {} })).toBe('')
  },
)
