import { describe, expect, test } from 'vitest'
import { checkChannelRules, checkConfig, checkHandlers, ConfigError, type HubConfig } from './config.ts'

function problems(run: () => unknown): readonly string[] {
  try {
    run()
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

const endpoint = 'http://127.0.0.1:3000/centrifugo'

test('a proxy has defaults for everything but its endpoint', () => {
  const { connect } = checkConfig({ client: { proxy: { connect: { enabled: true, endpoint } } } }).client.proxy
  expect(connect).toEqual({
    enabled: true,
    endpoint,
    timeout: 1000,
    http_headers: [],
    emulated_headers: [],
    binary_encoding: false,
    include_connection_meta: false,
    http: { static_headers: {}, status_to_code_transforms: [] },
  })
})

test('names of headers are compared in lower case', () => {
  const { proxies } = checkConfig({
    proxies: [{ name: 'app', endpoint, http_headers: ['Cookie'], emulated_headers: ['X-Token'] }],
  })
  expect(proxies[0]).toMatchObject({ http_headers: ['cookie'], emulated_headers: ['x-token'] })
})

describe('refused', () => {
  const grpc = 'expected an http: or https: URL (gRPC is not offered), got "grpc://127.0.0.1:12000"'
  const transform = (fields: object): HubConfig => ({
    proxies: [{ name: 'app', endpoint, http: { status_to_code_transforms: [{ status_code: 404, ...fields }] } }],
  })
  test.each<[string, HubConfig, string]>([
    [
      'no endpoint',
      { client: { proxy: { connect: { enabled: true } } } },
      'client.proxy.connect.endpoint: expected a URL',
    ],
    [
      'a gRPC endpoint',
      { client: { proxy: { refresh: { enabled: true, endpoint: 'grpc://127.0.0.1:12000' } } } },
      `client.proxy.refresh.endpoint: ${grpc}`,
    ],
    [
      'a gRPC endpoint without a scheme',
      { proxies: [{ name: 'app', endpoint: 'localhost:12000' }] },
      'proxies[0].endpoint: expected an http: or https: URL (gRPC is not offered), got "localhost:12000"',
    ],
    [
      'a timeout of nothing',
      { proxies: [{ name: 'app', endpoint, timeout: '0s' }] },
      'proxies[0].timeout: expected more than 0',
    ],
    [
      'a name that is there twice',
      {
        proxies: [
          { name: 'app', endpoint },
          { name: 'app', endpoint },
        ],
      },
      'proxies[1].name: "app" is there twice',
    ],
    ['the reserved name', { proxies: [{ name: 'default', endpoint }] }, 'proxies[0].name: "default" is reserved'],
    [
      'a name that nothing has',
      { channel: { namespaces: [{ name: 'chat', publish_proxy_name: 'app' }] } },
      'channel.namespaces[0].publish_proxy_name: there is no "app" in proxies',
    ],
    [
      'an event that is enabled without an endpoint',
      { channel: { without_namespace: { sub_refresh_proxy_enabled: true } } },
      'channel.without_namespace.sub_refresh_proxy_enabled: needs channel.proxy.sub_refresh.endpoint: expected a URL',
    ],
    [
      'a gRPC endpoint of an event',
      {
        channel: {
          proxy: { subscribe: { endpoint: 'grpc://127.0.0.1:12000' } },
          namespaces: [{ name: 'chat', subscribe_proxy_enabled: true }],
        },
      },
      `channel.namespaces[0].subscribe_proxy_enabled: needs channel.proxy.subscribe.endpoint: ${grpc}`,
    ],
    [
      'methods that are enabled without an endpoint',
      { rpc: { namespaces: [{ name: 'chat', proxy_enabled: true }] } },
      'rpc.namespaces[0].proxy_enabled: needs rpc.proxy.endpoint: expected a URL',
    ],
    [
      'an unknown proxy of methods',
      { rpc: { without_namespace: { proxy_name: 'app' } } },
      'rpc.without_namespace.proxy_name: there is no "app" in proxies',
    ],
    [
      'a namespace of methods that is there twice',
      { rpc: { namespaces: [{ name: 'chat' }, { name: 'chat' }] } },
      'rpc.namespaces[1].name: "chat" is there twice',
    ],
    [
      'a subscribe stream proxy',
      { channel: { without_namespace: { subscribe_stream_proxy_enabled: true } } },
      'channel.without_namespace.subscribe_stream_proxy_enabled: subscribe stream proxies speak gRPC, which is not offered',
    ],
    [
      'a status that means nothing',
      transform({}),
      'proxies[0].http.status_to_code_transforms[0]: expected either to_error or to_disconnect, with its code',
    ],
    [
      'a status that means two things',
      transform({ to_error: { code: 1000 }, to_disconnect: { code: 4000 } }),
      'proxies[0].http.status_to_code_transforms[0]: expected either to_error or to_disconnect, with its code',
    ],
    [
      'a close code that no Close frame carries',
      transform({ to_disconnect: { code: 2000 } }),
      'proxies[0].http.status_to_code_transforms[0].to_disconnect.code: expected 3000 to 4999',
    ],
    [
      'a reason that is not ASCII',
      transform({ to_disconnect: { code: 4000, reason: 'ä' } }),
      'proxies[0].http.status_to_code_transforms[0].to_disconnect.reason: expected ASCII',
    ],
  ])('%s', (_, config, problem) => {
    expect(problems(() => checkConfig(config))).toEqual([problem])
  })
})

test('what is switched off needs no endpoint', () => {
  const off: HubConfig = {
    client: { proxy: { connect: { enabled: false, endpoint: 'grpc://x' } } },
    channel: { proxy: { subscribe: { endpoint: 'grpc://x' } } },
    rpc: { proxy: { endpoint: 'grpc://x' } },
  }
  expect(problems(() => checkConfig(off))).toEqual([])
})

test('channel options that come later can name the proxies of the configuration, and no others', () => {
  const hub = checkConfig({
    channel: { proxy: { subscribe: { endpoint } } },
    proxies: [{ name: 'app', endpoint }],
  })
  const rules = (name: string, event: 'subscribe' | 'publish') => ({
    namespaces: [{ name: 'chat', [`${event}_proxy_enabled`]: true, [`${event}_proxy_name`]: name }],
  })
  expect(problems(() => checkChannelRules(rules('app', 'publish'), hub))).toEqual([])
  expect(problems(() => checkChannelRules(rules('default', 'subscribe'), hub))).toEqual([])
  expect(problems(() => checkChannelRules(rules('default', 'publish'), hub))).toEqual([
    'channel.namespaces[0].publish_proxy_enabled: needs channel.proxy.publish.endpoint: expected a URL',
  ])
  expect(problems(() => checkChannelRules(rules('other', 'publish'), hub))).toEqual([
    'channel.namespaces[0].publish_proxy_name: there is no "other" in proxies',
  ])
})

test('a handler and a proxy of the same event are at odds', () => {
  const proxy = { enabled: true, endpoint }
  const config = checkConfig({ client: { proxy: { connect: proxy, refresh: proxy } } })
  const handlers = { onConnect: () => undefined, onRefresh: () => undefined, onSubscribe: () => undefined }
  expect(problems(() => checkHandlers(handlers, config))).toEqual([
    'handlers.onConnect: client.proxy.connect is enabled, and only one of them can be asked',
    'handlers.onRefresh: client.proxy.refresh is enabled, and only one of them can be asked',
  ])
  expect(problems(() => checkHandlers(handlers, checkConfig({})))).toEqual([])
})
