import { describe, expect, test } from 'vitest'
import { checkChannelRules, checkConfig, ConfigError, type HubConfig } from './config.ts'

/** The problems of a configuration; none when it is in order. */
function problems(check: () => unknown): readonly string[] {
  try {
    check()
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems
  }
}

function problemsOf(config: unknown): readonly string[] {
  return problems(() => checkConfig(config as HubConfig))
}

/** A configuration with one option in it, by its path; numbers are places in a list. */
function only(path: string, value: unknown): unknown {
  return path.split('.').reduceRight((inner: unknown, name) => (name === '0' ? [inner] : { [name]: inner }), value)
}

const tokenDefaults = {
  hmac_secret_key: '',
  hmac_previous_secret_key: '',
  hmac_previous_secret_key_valid_until: 0,
  rsa_public_key: '',
  ecdsa_public_key: '',
  jwks_public_endpoint: '',
  audience: '',
  audience_regex: '',
  issuer: '',
  issuer_regex: '',
  user_id_claim: '',
  insecure_skip_jwks_endpoint_safety_check: false,
}

const channelDefaults = {
  presence: false,
  join_leave: false,
  force_push_join_leave: false,
  history_size: 0,
  history_ttl: 0,
  history_meta_ttl: 0,
  force_positioning: false,
  allow_positioning: false,
  force_recovery: false,
  allow_recovery: false,
  force_recovery_mode: '',
  auto_cache_recover: false,
  allowed_delta_types: [],
  delta_publish: false,
  allow_tags_filter: false,
  channel_regex: undefined,
  allow_subscribe_for_client: false,
  allow_subscribe_for_anonymous: false,
  allow_publish_for_client: false,
  allow_publish_for_subscriber: false,
  allow_publish_for_anonymous: false,
  allow_history_for_client: false,
  allow_history_for_subscriber: false,
  allow_history_for_anonymous: false,
  allow_presence_for_client: false,
  allow_presence_for_subscriber: false,
  allow_presence_for_anonymous: false,
  allow_user_limited_channels: false,
  publication_data_format: '',
  subscribe_proxy_enabled: false,
  subscribe_proxy_name: 'default',
  publish_proxy_enabled: false,
  publish_proxy_name: 'default',
  sub_refresh_proxy_enabled: false,
  sub_refresh_proxy_name: 'default',
  subscribe_stream_proxy_enabled: false,
}

describe('nothing configured', () => {
  test('is Centrifugo’s defaults, in milliseconds, and everything closed', () => {
    expect(checkConfig({})).toMatchObject({
      client: {
        token: tokenDefaults,
        subscription_token: { enabled: false, ...tokenDefaults },
        allowed_origins: [],
        allow_anonymous_connect_without_token: false,
        user_id_http_header: '',
        insecure: false,
        insecure_skip_token_signature_verify: false,
        subscribe_to_user_personal_channel: {
          enabled: false,
          personal_channel_namespace: '',
          single_connection: false,
        },
        disallow_anonymous_connection_tokens: false,
        ping_interval: 25_000,
        pong_timeout: 8000,
        stale_close_delay: 10_000,
        expired_close_delay: 25_000,
        expired_sub_close_delay: 25_000,
        queue_max_size: 1_048_576,
        channel_limit: 128,
        user_connection_limit: 0,
        connection_limit: 0,
      },
      channel: { max_length: 255, history_meta_ttl: 2_592_000_000, namespaces: [] },
      http_api: { key: '', insecure: false, disabled: false, error_mode: '', handler_prefix: '/api' },
      websocket: { message_size_limit: 65_536, compression: false, compression_min_size: 0 },
    })
    expect(checkConfig({}).channel.without_namespace).toStrictEqual(channelDefaults)
    expect(checkConfig({ channel: { namespaces: [{ name: 'ns' }] } }).channel.namespaces).toStrictEqual([
      { name: 'ns', ...channelDefaults },
    ])
  })

  test('a section that is given in part is completed', () => {
    const { client, http_api: api } = checkConfig({ client: { channel_limit: 5 }, http_api: { key: 'k' } })
    expect(client).toMatchObject({ channel_limit: 5, ping_interval: 25_000, token: { hmac_secret_key: '' } })
    expect(api).toEqual({ key: 'k', insecure: false, disabled: false, error_mode: '', handler_prefix: '/api' })
  })

  test('an option that is undefined is not given', () => {
    const config = { client: undefined, channel: { without_namespace: { history_ttl: undefined } } } as unknown
    expect(problemsOf(config)).toEqual([])
  })
})

test('a whole configuration keeps every value, and the caller’s object', () => {
  const namespace = {
    name: 'a-B_1.',
    presence: true,
    history_size: 10,
    history_ttl: '1m',
    history_meta_ttl: '1h30m',
    force_recovery: true,
    publication_data_format: 'json_object' as const,
  }
  const config: HubConfig = {
    client: {
      token: { hmac_secret_key: 'secret' },
      subscription_token: { enabled: true, hmac_secret_key: 'other' },
      allowed_origins: ['https://*.example.com', 'http://[::1]:3000', '*'],
      ping_interval: '10.5s',
    },
    channel: { history_meta_ttl: '48h', without_namespace: { allow_recovery: true }, namespaces: [namespace] },
  }
  const before = structuredClone(config)
  const { client, channel } = checkConfig(config)
  expect(client.subscription_token).toEqual({ ...tokenDefaults, enabled: true, hmac_secret_key: 'other' })
  expect(client.allowed_origins).toEqual(['https://*.example.com', 'http://[::1]:3000', '*'])
  expect(client.ping_interval).toBe(10_500)
  expect(channel.history_meta_ttl).toBe(172_800_000)
  expect(channel.without_namespace.allow_recovery).toBe(true)
  expect(channel.namespaces).toEqual([
    { ...channelDefaults, ...namespace, history_ttl: 60_000, history_meta_ttl: 5_400_000 },
  ])
  expect(config).toEqual(before)
})

test('a pattern of channel names is compiled at the start; one that is none stops it', () => {
  const rules = (channel_regex: string): HubConfig => ({ channel: { without_namespace: { channel_regex } } })
  const { without_namespace: options } = checkConfig(rules('^[a-z]+$')).channel
  expect(options.channel_regex?.matches('abc')).toBe(true)
  expect(options.channel_regex?.matches('abc1')).toBe(false)
  expect(problemsOf(rules('('))).toEqual([
    'channel.without_namespace.channel_regex: expected a regular expression in RE2 syntax, got "("',
  ])
})

test('a cache that fills new subscriptions by itself has to be one', () => {
  const kept = { history_size: 1, history_ttl: '60s', force_recovery: true, auto_cache_recover: true }
  const problem = 'channel.without_namespace.auto_cache_recover: needs force_recovery and force_recovery_mode "cache"'
  expect(problemsOf({ channel: { without_namespace: kept } })).toEqual([problem])
  const cache = checkConfig({ channel: { without_namespace: { ...kept, force_recovery_mode: 'cache' } } }).channel
  expect(cache.without_namespace.auto_cache_recover).toBe(true)
})

describe('an unknown option', () => {
  test.each([
    'color',
    'token_hmac_secret_key',
    'Client',
    'constructor',
    'client.color',
    'client.token.hmac_secret',
    'client.token.eddsa_public_key',
    'client.subscription_token.jwks_endpoint',
    'client.proxy.subscribe',
    'channel.without_namespaces',
    'channel.proxy.subscribe_stream',
    'channel.without_namespace.name',
    'channel.without_namespace.history_lifetime',
    'channel.without_namespace.joinLeave',
    'http_api.keys',
    'http_api.external',
    'websocket.read_buffer_size',
    'uni_sse.compression',
    'shutdown',
    'engine',
    'admin',
  ])('%s is named', (path) => {
    expect(problemsOf(only(path, {}))).toEqual([`${path}: unknown option`])
  })

  test('in a namespace is named with the place of the namespace', () => {
    const namespaces = [{ name: 'ok' }, { name: 'typo', histroy_size: 5, channelRegex: '' }]
    expect(problemsOf({ channel: { namespaces } })).toEqual([
      'channel.namespaces[1].histroy_size: unknown option',
      'channel.namespaces[1].channelRegex: unknown option',
    ])
  })

  test('that every object has by inheritance is no option either', () => {
    expect(problemsOf(JSON.parse('{"__proto__":{"client":{}}}'))).toEqual(['__proto__: unknown option'])
    expect(problemsOf({ client: { toString: 1 } })).toEqual(['client.toString: unknown option'])
  })
})

const durationOptions = [
  'client.ping_interval',
  'client.pong_timeout',
  'client.stale_close_delay',
  'client.expired_close_delay',
  'client.expired_sub_close_delay',
  'channel.history_meta_ttl',
  'channel.without_namespace.history_ttl',
  'channel.without_namespace.history_meta_ttl',
  'websocket.write_timeout',
  'uni_websocket.write_timeout',
]
const sizeOptions = [
  'client.channel_limit',
  'client.user_connection_limit',
  'client.connection_limit',
  'channel.without_namespace.history_size',
  'websocket.compression_min_size',
  'uni_websocket.compression_min_size',
]
const positiveSizeOptions = [
  'client.queue_max_size',
  'channel.max_length',
  'websocket.message_size_limit',
  'http_stream.max_request_body_size',
  'sse.max_request_body_size',
  'emulation.max_request_body_size',
  'uni_http_stream.max_request_body_size',
  'uni_sse.max_request_body_size',
  'uni_websocket.message_size_limit',
]
const flagOptions = [
  'client.allow_anonymous_connect_without_token',
  'client.disallow_anonymous_connection_tokens',
  'client.subscription_token.enabled',
  'http_api.insecure',
  'http_api.disabled',
  'websocket.compression',
  'websocket.disabled',
  'http_stream.enabled',
  'sse.enabled',
  'uni_http_stream.enabled',
  'uni_http_stream.connect_code_to_http_response.enabled',
  'uni_sse.enabled',
  'uni_websocket.enabled',
  'uni_websocket.join_push_messages',
  'uni_websocket.disable_disconnect_push',
  'uni_websocket.disable_closing_handshake',
  'client.connect_code_to_unidirectional_disconnect.enabled',
  ...Object.entries(channelDefaults).flatMap(([name, value]) =>
    typeof value === 'boolean' ? [`channel.without_namespace.${name}`] : [],
  ),
]
const textOptions = [
  'client.token.hmac_secret_key',
  'client.subscription_token.hmac_secret_key',
  'http_api.key',
  'http_api.handler_prefix',
]

describe('a value of the wrong kind', () => {
  test.each(durationOptions)('%s is a duration', (path) => {
    for (const value of ['soon', '', '5', '5 s', '-5s', '1d', '1h-5m', 'Infinity', '5S']) {
      expect(problemsOf(only(path, value))).toEqual([
        `${path}: expected a duration such as "300ms", "25s" or "1h30m", got ${JSON.stringify(value)}`,
      ])
    }
    for (const value of [25, 0, null, true, [], {}]) {
      expect(problemsOf(only(path, value))).toEqual([
        `${path}: expected a duration such as "300ms", "25s" or "1h30m", got ${JSON.stringify(value)}`,
      ])
    }
    const circular: { self?: unknown } = {}
    circular.self = circular
    expect(problemsOf(only(path, circular))).toEqual([expect.stringMatching(/expected a duration .* got object$/)])
    expect(problemsOf(only(path, 1n))).toEqual([expect.stringMatching(/expected a duration .* got bigint$/)])
  })

  test.each(sizeOptions)('%s is a whole number from 0', (path) => {
    for (const value of ['5', 1.5, Number.NaN, Number.POSITIVE_INFINITY, null, true, [], {}]) {
      expect(problemsOf(only(path, value))).toEqual([
        expect.stringMatching(new RegExp(`^${path}: expected a (whole )?number, got `)),
      ])
    }
    expect(problemsOf(only(path, -1))).toEqual([`${path}: must be at least 0, got -1`])
  })

  test.each(sizeOptions)('%s is at most what a number holds exactly', (path) => {
    expect(problemsOf(only(path, 2 ** 53))[0]).toBe(`${path}: must be at most 9007199254740991, got 9007199254740992`)
  })

  test.each(positiveSizeOptions)('%s is a whole number from 1', (path) => {
    for (const value of ['5', 1.5, null]) {
      expect(problemsOf(only(path, value))).toEqual([
        expect.stringMatching(new RegExp(`^${path}: expected a (whole )?number, got `)),
      ])
    }
    for (const value of [0, -1]) {
      expect(problemsOf(only(path, value))).toEqual([`${path}: must be at least 1, got ${value}`])
    }
    expect(problemsOf(only(path, 1))).toEqual([])
  })

  test.each(flagOptions)('%s is true or false', (path) => {
    for (const value of ['true', 1, 0, null, [], {}]) {
      expect(problemsOf(only(path, value))).toEqual([
        expect.stringMatching(new RegExp(`^${path}: expected true or false, got `)),
      ])
    }
  })

  test.each(textOptions)('%s is text', (path) => {
    for (const value of [5, true, null, [], {}]) {
      expect(problemsOf(only(path, value))).toEqual([expect.stringMatching(new RegExp(`^${path}: expected text, `))])
    }
  })

  test.each([
    'client',
    'client.token',
    'client.subscription_token',
    'channel',
    'channel.without_namespace',
    'http_api',
    'websocket',
  ])('%s is a section', (path) => {
    for (const value of [null, 5, 'x', true, []]) {
      expect(problemsOf(only(path, value))).toEqual([
        expect.stringMatching(new RegExp(`^${path}: expected options, got `)),
      ])
    }
  })

  test('lists are lists', () => {
    expect(problemsOf({ client: { allowed_origins: 'https://a.example' } })).toEqual([
      expect.stringMatching(/^client\.allowed_origins: expected a list, got /),
    ])
    expect(problemsOf({ client: { allowed_origins: [5] } })).toEqual([
      expect.stringMatching(/^client\.allowed_origins\[0\]: expected text, /),
    ])
    expect(problemsOf({ channel: { namespaces: { name: 'ns' } } })).toEqual([
      expect.stringMatching(/^channel\.namespaces: expected a list, got /),
    ])
    expect(problemsOf({ channel: { namespaces: [5] } })).toEqual([
      expect.stringMatching(/^channel\.namespaces\[0\]: expected options, got /),
    ])
  })

  test('a secret in the wrong place is not repeated in full', () => {
    const secret = 'a-very-long-secret-that-nobody-may-see'
    expect(problemsOf({ client: { token: secret } })).toEqual([
      'client.token: expected options, got "a-very-long-secret-t…"',
    ])
  })

  test('http_api.handler_prefix is a path', () => {
    for (const path of ['api', 'https://a.example/api', '/api?x', '/api#x', ' /api']) {
      expect(problemsOf({ http_api: { handler_prefix: path } })).toEqual([
        'http_api.handler_prefix: expected a path that begins with "/"',
      ])
    }
    expect(checkConfig({ http_api: { handler_prefix: '/own/' } }).http_api.handler_prefix).toBe('/own')
  })

  test('words are some of a few', () => {
    for (const [path, words] of [
      ['http_api.error_mode', '"", "transport"'],
      ['channel.without_namespace.publication_data_format', '"", "json", "json_object", "binary"'],
    ] as const) {
      for (const value of ['bytes', 'JSON', 5, null]) {
        expect(problemsOf(only(path, value))).toEqual([
          `${path}: expected one of ${words}, got ${JSON.stringify(value)}`,
        ])
      }
    }
  })

  test.each([null, 5, 'client', [], true])('the whole is an object, not %j', (config) => {
    expect(problemsOf(config)).toEqual([expect.stringMatching(/^the configuration: expected options, got /)])
  })
})

describe('namespaces', () => {
  test.each(['', 'a', 'a b', 'a:b', '$ab', 'ä1', 'ab\n', 'a#b', 'a,b', 'a/b'])('%j is no name', (name) => {
    expect(problemsOf({ channel: { namespaces: [{ name }] } })).toEqual([
      'channel.namespaces[0].name: expected two or more of letters, digits, "-", "_" and "."',
    ])
  })

  test('need a name', () => {
    expect(problemsOf({ channel: { namespaces: [{}] } })).toEqual([
      expect.stringMatching(/^channel\.namespaces\[0\]\.name: expected text, /),
    ])
  })

  test('bear each name once', () => {
    const names = ['aa', 'bb', 'aa', 'AA', 'bb', 'aa']
    expect(problemsOf({ channel: { namespaces: names.map((name) => ({ name })) } })).toEqual([
      'channel.namespaces[2].name: "aa" is there twice',
      'channel.namespaces[4].name: "bb" is there twice',
      'channel.namespaces[5].name: "aa" is there twice',
    ])
  })

  test('may bear names that every object has', () => {
    const names = ['constructor', '__proto__', 'toString']
    expect(problemsOf({ channel: { namespaces: names.map((name) => ({ name })) } })).toEqual([])
  })
})

describe.each([
  ['without_namespace', (options: object) => ({ without_namespace: options })],
  ['namespaces[1]', (options: object) => ({ namespaces: [{ name: 'ok' }, { name: 'ns', ...options }] })],
])('history in %s', (path, place) => {
  test.each<[object, string, string]>([
    [{ history_size: 10 }, 'history_ttl', 'history needs both history_size and history_ttl'],
    [{ history_size: 10, history_ttl: '0s' }, 'history_ttl', 'history needs both history_size and history_ttl'],
    [{ history_ttl: '60s' }, 'history_size', 'history needs both history_size and history_ttl'],
    [{ force_recovery: true }, 'force_recovery', 'needs history_size and history_ttl'],
    [
      { history_size: 1, history_ttl: '60s', history_meta_ttl: '59s' },
      'history_meta_ttl',
      'must not be less than history_ttl',
    ],
    [{ history_size: 1, history_ttl: '721h' }, 'history_ttl', 'must not be more than channel.history_meta_ttl'],
    [{ history_size: 1, history_ttl: '1500ms' }, 'history_ttl', 'expected whole seconds, such as "300s" or "1h30m"'],
    [
      { history_size: 1, history_ttl: '1s', history_meta_ttl: '1.5s' },
      'history_meta_ttl',
      'expected whole seconds, such as "300s" or "1h30m"',
    ],
  ])('%j is refused', (options, option, message) => {
    const rules = place(options)
    expect(problemsOf({ channel: rules })).toEqual([`channel.${path}.${option}: ${message}`])
    expect(problems(() => checkChannelRules(rules))).toEqual([`channel.${path}.${option}: ${message}`])
  })

  test.each([
    {},
    { history_size: 0, history_ttl: '0s' },
    { history_size: 1, history_ttl: '1s', force_recovery: true },
    { history_size: 1, history_ttl: '60s', history_meta_ttl: '60s' },
    { history_size: 1, history_ttl: '720h' },
    { history_size: 1, history_ttl: '800h', history_meta_ttl: '900h' },
    { allow_recovery: true, allow_positioning: true, force_positioning: true },
  ])('%j is in order', (options) => {
    expect(problemsOf({ channel: place(options) })).toEqual([])
    expect(problems(() => checkChannelRules(place(options)))).toEqual([])
  })

  test('goes by the meta ttl of the hub where it has none of its own', () => {
    const rules = place({ history_size: 1, history_ttl: '2h' })
    const expected = [`channel.${path}.history_ttl: must not be more than channel.history_meta_ttl`]
    expect(problemsOf({ channel: { history_meta_ttl: '1h', ...rules } })).toEqual(expected)
    expect(problems(() => checkChannelRules(rules, checkConfig({ channel: { history_meta_ttl: '1h' } })))).toEqual(
      expected,
    )
    expect(problems(() => checkChannelRules(rules, checkConfig({ channel: { history_meta_ttl: '2h' } })))).toEqual([])
  })
})

test.each([
  ['5s', '8s', false],
  ['8s', '8s', false],
  ['9s', '8s', true],
  ['0s', '8s', true],
  ['5s', '0s', true],
])('pings every %s and %s for the answer: %j', (ping_interval, pong_timeout, isFine) => {
  const expected = isFine ? [] : ['client.pong_timeout: must be less than client.ping_interval']
  expect(problemsOf({ client: { ping_interval, pong_timeout } })).toEqual(expected)
})

describe('secrets and origins', () => {
  test('a PEM key is no secret', () => {
    const pem = '  -----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----'
    for (const section of ['token', 'subscription_token']) {
      expect(problemsOf({ client: { [section]: { hmac_secret_key: pem } } })).toEqual([
        `client.${section}.hmac_secret_key: expected a secret, got a PEM key`,
      ])
    }
  })

  test('subscription tokens of their own need a key', () => {
    expect(problemsOf({ client: { subscription_token: { enabled: true } } })).toEqual([
      'client.subscription_token.hmac_secret_key: expected a secret or another key, since client.subscription_token.enabled is true',
    ])
  })

  test.each(['', '{http,https}://a.example', String.raw`https://\*.a.example`])('%j is no origin', (origin) => {
    expect(problemsOf({ client: { allowed_origins: ['https://a.example', origin] } })).toEqual([
      expect.stringMatching(/^client\.allowed_origins\[1\]: expected an origin/),
    ])
  })
})

describe('the error', () => {
  test('names every problem at once, and no secret', () => {
    let thrown: unknown
    try {
      checkConfig({
        client: { token: { hmac_secret_key: 5, secret: 'geheim' }, ping_interval: 'soon' },
        http_api: { key: ['geheim'] },
      } as unknown as HubConfig)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(ConfigError)
    const { name, message, problems: found } = thrown as ConfigError
    expect(name).toBe('ConfigError')
    expect(found).toHaveLength(4)
    expect(message).toBe(`The hub's configuration is not valid:\n${found.map((problem) => `  ${problem}`).join('\n')}`)
    expect(message).not.toContain('geheim')
  })

  test('of replaced channel rules names the same paths', () => {
    const rules = { namespaces: [{ name: 'ns', allow_everything: true }], proxy: {} } as object
    expect(problems(() => checkChannelRules(rules))).toEqual([
      'channel.namespaces[0].allow_everything: unknown option',
      'channel.proxy: unknown option',
    ])
    expect(problems(() => checkChannelRules(5 as unknown as object))).toEqual([
      expect.stringMatching(/^channel: expected options, got /),
    ])
  })
})
