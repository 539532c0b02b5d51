import { describe, expect, test } from 'vitest'

import { toCentrifugoV5 } from './centrifugo-v5.ts'

describe('toCentrifugoV5', () => {
  test('flattens each section under its v5 name', () => {
    expect(
      toCentrifugoV5({
        client: {
          token: { hmac_secret_key: 'secret', audience: 'app' },
          subscription_token: { enabled: true, hmac_secret_key: 'other' },
          allowed_origins: ['http://localhost:3000'],
          ping_interval: '25s',
          channel_limit: 128,
          subscribe_to_user_personal_channel: { enabled: true, personal_channel_namespace: 'personal' },
        },
        http_api: { key: 'api' },
        http_server: { port: 8001, tls: { enabled: true, cert_pem: '/cert.pem', key_pem: '/key.pem' } },
        engine: { type: 'redis', redis: { address: ['redis://127.0.0.1:6379'] } },
        health: { enabled: true },
        admin: { enabled: true, password: 'p' },
        websocket: { message_size_limit: 65536 },
        shutdown: { timeout: '1s' },
        usage_stats: { disabled: true },
      }),
    ).toEqual({
      token_hmac_secret_key: 'secret',
      token_audience: 'app',
      separate_subscription_token_config: true,
      subscription_token_hmac_secret_key: 'other',
      allowed_origins: ['http://localhost:3000'],
      ping_interval: '25s',
      client_channel_limit: 128,
      user_subscribe_to_personal: true,
      user_personal_channel_namespace: 'personal',
      api_key: 'api',
      port: 8001,
      tls: true,
      tls_cert: '/cert.pem',
      tls_key: '/key.pem',
      engine: 'redis',
      redis_address: ['redis://127.0.0.1:6379'],
      health: true,
      admin: true,
      admin_password: 'p',
      websocket_message_size_limit: 65536,
      shutdown_timeout: '1s',
      usage_stats_disable: true,
    })
  })

  test('puts the options of channels without a namespace at the top and the others into theirs', () => {
    expect(
      toCentrifugoV5({
        channel: {
          history_meta_ttl: '1h',
          without_namespace: { presence: true, publish_proxy_enabled: true },
          namespaces: [{ name: 'sandbox', history_size: 100, history_ttl: '300s', subscribe_proxy_enabled: true }],
        },
      }),
    ).toEqual({
      global_history_meta_ttl: '1h',
      presence: true,
      proxy_publish: true,
      namespaces: [{ name: 'sandbox', history_size: 100, history_ttl: '300s', proxy_subscribe: true }],
    })
  })

  test("lets a proxy's endpoint stand for its switch, but not when the switch is off", () => {
    const connect = { endpoint: 'http://127.0.0.1:1/connect', timeout: '2s' }
    expect(toCentrifugoV5({ client: { proxy: { connect: { enabled: true, ...connect } } } })).toEqual({
      proxy_connect_endpoint: connect.endpoint,
      proxy_connect_timeout: '2s',
    })
    expect(() => toCentrifugoV5({ client: { proxy: { connect: { enabled: false, ...connect } } } })).toThrow(
      'client.proxy.connect.enabled',
    )
  })

  test('names every option that v5 does not have', () => {
    expect(() =>
      toCentrifugoV5({
        client: { pingInterval: '25s' },
        channel: { namespaces: [{ name: 'sandbox', allow_tags_filter: true }], map: { a: 1 } },
      }),
    ).toThrow(
      'Centrifugo v5 has no equivalent of client.pingInterval, channel.namespaces[sandbox].allow_tags_filter, channel.map.a',
    )
  })
})
