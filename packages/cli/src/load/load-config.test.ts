import { describe, expect, test } from 'vitest'
import { exitCodes, Failure } from '../failure.ts'
import { Folder } from '../testing/cli.ts'
import { loadConfig, type LoadedConfig, type Sources } from './load-config.ts'

/** Loads what a file holds; what is no text is written as JSON. */
function load(content: unknown, sources: Partial<Sources> = {}, name = 'config.json'): LoadedConfig {
  using folder = new Folder()
  return loadConfig({ file: folder.write(name, content), isExplicit: true, env: {}, ...sources })
}

/** The lines that a configuration is refused with, without the file's name. */
function problems(content: unknown, sources: Partial<Sources> = {}, name?: string): string[] {
  try {
    load(content, sources, name)
    return []
  } catch (error) {
    if (!(error instanceof Failure) || error.exitCode !== exitCodes.config) throw error
    const lines = error.message.split('\n').map((line) => line.replace(/^\S*?\/config\./, 'config.').trim())
    return lines.length > 1 ? lines.slice(1) : lines
  }
}

describe('files', () => {
  const config = { client: { allowed_origins: ['https://a.example'], channel_limit: 7 }, http_server: { port: 9001 } }
  test.each([
    ['config.json', JSON.stringify(config)],
    [
      'config.yaml',
      'client:\n  allowed_origins: ["https://a.example"]\n  channel_limit: 7\nhttp_server: {port: 9001}\n',
    ],
    ['config.YML', 'client: {allowed_origins: ["https://a.example"], channel_limit: 7}\nhttp_server:\n  port: 9001'],
    ['config.toml', '[client]\nallowed_origins = ["https://a.example"]\nchannel_limit = 7\n[http_server]\nport = 9001'],
    ['config.json', `\u{FEFF}${JSON.stringify(config)}`],
  ])('%s is read by its extension', (name, text) => {
    const { hub, server } = load(text, {}, name)
    expect(hub).toEqual({ client: config.client })
    expect(server.port).toBe(9001)
  })

  test.each([
    ['config.json', '{"a":\n x}', "config.json:2: not valid JSON: Unexpected token 'x'"],
    ['config.json', '{"a":\n x,\n"b":\n1}', "config.json:2: not valid JSON: Unexpected token 'x'"],
    ['config.json', '{\n"a": 1,\n}', 'config.json:3: not valid JSON: Expected double-quoted property name'],
    ['config.json', '{\n"a": 1,\n"b": [1\n', "config.json:3: not valid JSON: Expected ',' or ']' after array element"],
    ['config.json', '', 'config.json:1: not valid JSON: Unexpected end of JSON input'],
    ['config.yaml', 'a: 1\nb: [1, 2', 'config.yaml:2: not valid YAML: '],
    ['config.toml', 'a = 1\nb = = 2\n', 'config.toml:2: not valid TOML: invalid value'],
  ])('%s with a mistake names its line: %j', (name, text, expected) => {
    expect(problems(text, {}, name)).toEqual([expect.stringContaining(expected)])
  })

  test('an extension of no known language is refused', () => {
    expect(() => load('', {}, 'config.ini')).toThrow(
      'config.ini: a configuration file ends in .json, .yaml, .yml, .toml',
    )
  })

  test('one that was asked for has to be there, the default one has not', () => {
    using folder = new Folder()
    const sources = { file: `${folder.path}/config.json`, env: {} }
    expect(() => loadConfig({ ...sources, isExplicit: true })).toThrow("can't be read: no such file or directory")
    expect(loadConfig({ ...sources, isExplicit: false })).toMatchObject({ file: undefined, hub: {} })
  })

  test.each(['[1]', '"text"', '7'])('a file that holds %s is refused', (text) => {
    expect(problems(text)).toEqual([expect.stringMatching(/^the configuration: expected options, got /)])
  })

  test('an empty YAML file configures nothing', () => {
    expect(load('', {}, 'config.yaml').hub).toEqual({})
  })
})

describe('values', () => {
  test('are read as leniently as Centrifugo reads them', () => {
    const { hub, server } = load({
      HTTP_API: { Key: 123 },
      client: { allowed_origins: 'https://a.example', channel_limit: '5', token: null },
      http_server: { port: '8123' },
      health: { enabled: 'true' },
      admin: { enabled: 1 },
    })
    expect(hub).toEqual({
      http_api: { key: '123' },
      client: { allowed_origins: ['https://a.example'], channel_limit: 5 },
    })
    expect(server).toMatchObject({ port: 8123, isEnabled: { health: true, admin: true } })
  })

  test.each([
    [
      { client: { ping_interval: 25 } },
      'client.ping_interval: expected a duration such as "300ms", "25s" or "1h30m", got 25',
    ],
    [{ client: { channel_limit: 1.5 } }, 'client.channel_limit: expected a whole number, got 1.5'],
    [{ client: { channel_limit: '010' } }, 'client.channel_limit: expected a whole number, got "010"'],
    [{ client: { insecure: { toString: {} } } }, 'client.insecure: expected true or false, got an object'],
    [{ client: { insecure: 'maybe' } }, 'client.insecure: expected true or false, got "maybe"'],
    [{ client: { token: { hmac_secret_key: {} } } }, 'client.token.hmac_secret_key: expected text, got an object'],
    [{ client: [] }, 'client: expected options, got a list'],
    [{ channel: { namespaces: { a: 1 } } }, 'channel.namespaces: expected a list, got an object'],
    [{ channel: { namespaces: [5] } }, 'channel.namespaces[0]: expected options, got 5'],
    [{ http_server: { port: 70_000 } }, 'http_server.port: expected a port from 0 to 65535, got 70000'],
    [{ http_server: { internal_port: 'x' } }, 'http_server.internal_port: expected a port from 0 to 65535, got x'],
    [{ log: { level: 'loud' } }, 'log.level: expected one of trace, debug, info, warn, error, fatal, none'],
    [
      { channel: { namespaces: [{ name: 'chat', history_size: -1 }] } },
      'channel.namespaces[0].history_size: must be at least 0, got -1',
    ],
    [
      { client: { allowed_origins: ['example.com'] } },
      expect.stringContaining('client.allowed_origins[0]: expected an origin'),
    ],
  ])('%j is refused', (config, expected) => {
    expect(problems(config)).toEqual([expected])
  })

  test('every problem is told at once', () => {
    expect(problems({ client: { ping_interval: 'x' }, log: { level: 'x' }, nothing: 1 })).toHaveLength(3)
  })

  test('wrong values are told beside unknown options, and each mistake once', () => {
    const namespaces = [
      { nam: 'chat', history_size: -1 },
      { name: 'news', presence: 'maybe' },
    ]
    expect(problems({ channel: { namespaces }, client: { allowed_origins: ['example.com'] } })).toEqual([
      'channel.namespaces[0].nam: unknown option; did you mean channel.namespaces[0].name?',
      'channel.namespaces[1].presence: expected true or false, got "maybe"',
      expect.stringContaining('client.allowed_origins[0]: expected an origin'),
      'channel.namespaces[0].history_size: must be at least 0, got -1',
    ])
  })

  test('a secret in the wrong place is not repeated in full', () => {
    const secret = 'a-very-long-secret-that-nobody-may-see'
    expect(problems({ client: { ping_interval: secret } }).join()).not.toContain(secret.slice(0, 21))
  })
})

describe('unknown options', () => {
  test.each([
    [{ client: { token: { hmac_secret_kye: 'x' } } }, 'did you mean client.token.hmac_secret_key?'],
    [{ chanel: {} }, 'did you mean channel?'],
    [
      { channel: { namespaces: [{ name: 'ns', histroy_size: 1 }] } },
      'did you mean channel.namespaces[0].history_size?',
    ],
    [{ client: {}, allowed_origins: [] }, 'since v6 it is client.allowed_origins'],
    [{ client: {}, token_hmac_secret_key: 'x' }, 'since v6 it is client.token.hmac_secret_key'],
    [{ client: { stale_close: '1s' } }, ''],
    [{ client: { user_separator: '1s' } }, 'did you mean channel.user_separator?'],
  ])('%j is one, with a hint where there is one', (config, hint) => {
    expect(problems(config)).toEqual([expect.stringMatching(/: unknown option/)])
    expect(problems(config)[0]?.replace(/^.*: unknown option(?:; )?/, '')).toBe(hint)
  })

  test('names like those of every object are no options', () => {
    expect(problems('{"__proto__": {"client": {}}, "constructor": 1, "client": {"toString": 1}}')).toEqual([
      '__proto__: unknown option',
      'constructor: unknown option',
      'client.toString: unknown option',
    ])
  })
})

describe('options that the hub lacks', () => {
  const redis = { engine: { type: 'redis', redis: { address: ['redis://127.0.0.1:6379'], prefix: 'other' } } }

  test('refuse the start, each by its path, when clients could tell', () => {
    const config = {
      ...redis,
      http_server: { tls: { enabled: true, cert_pem: 'cert.pem' } },
      grpc_api: { enabled: true, port: 10_001 },
      consumers: [{ name: 'stream', enabled: true, type: 'redis_stream' }],
      channel: { namespaces: [{ name: 'keyed', subscription_type: 'map' }] },
    }
    const paths = [
      'http_server.tls.enabled',
      'grpc_api.enabled',
      'engine.type',
      'channel.namespaces.subscription_type',
      'consumers.enabled',
    ]
    const refused = problems(config)
    expect(refused.map((line) => line.split(':')[0])).toEqual(paths)
    expect(refused[0]).toBe(
      "http_server.tls.enabled: the hub can't do this; to start without it: --allow-unsupported http_server.tls.enabled",
    )
    expect(refused[3]).toContain('set at channel.namespaces[keyed].subscription_type')
    const { warnings, hub } = load(config, {
      allowed: ['http_server.tls', 'grpc_api', 'engine.type', 'channel', 'consumers'],
    })
    expect(warnings).toEqual([expect.stringMatching(/^without effect here: .*engine\.type.*consumers\.type/)])
    expect(hub).toEqual({ channel: { namespaces: [{ name: 'keyed' }] } })
  })

  test('are allowed by whole names that there are', () => {
    expect(() => load(redis, { allowed: ['engine.typ'] })).toThrow(
      '--allow-unsupported engine.typ: there is no such option; did you mean engine.type?',
    )
    expect(problems(redis, { allowed: ['engine.redis'] })).toHaveLength(1)
    expect(problems(redis, { allowed: ['engine'] })).toEqual([])
  })

  test('are named in one warning when they are harmless', () => {
    const { warnings } = load({
      swagger: { enabled: true },
      debug: { enabled: true },
      websocket: { read_buffer_size: 1 },
    })
    expect(warnings).toEqual(
      ['without effect here: websocket.read_buffer_size, swagger.enabled, debug.enabled'].map(
        (line) => expect.stringContaining(line.slice(0, 20)) as string,
      ),
    )
    for (const path of ['websocket.read_buffer_size', 'swagger.enabled', 'debug.enabled']) {
      expect(warnings[0]).toContain(path)
    }
  })

  test('are no problem when they say what holds anyway', () => {
    const { warnings } = load({
      engine: { type: 'memory', redis: { presence_ttl: '60s' } },
      broker: { enabled: false, type: 'redis' },
      consumers: [],
      graphite: { interval: '10000ms' },
      http_server: { tls: { enabled: false } },
      usage_stats: { disabled: true },
      channel: { without_namespace: { subscription_type: 'stream' } },
    })
    expect(warnings).toEqual(['without effect here: broker.type'])
    expect(problems({ broker: { enabled: true, type: 'redis' } })).toHaveLength(1)
    expect(problems({ broker: { enabled: true, type: 'memory' } })).toEqual([])
  })
})

describe('variables and flags', () => {
  test('a variable wins over the file, a flag over both', () => {
    const file = { http_server: { port: 1, address: 'file' }, http_api: { key: 'file' }, log: { level: 'error' } }
    const env = { CENTRIFUGO_HTTP_SERVER_PORT: '2', CENTRIFUGO_HTTP_API_KEY: 'env', CENTRIFUGO_LOG_LEVEL: '' }
    const { hub, server } = load(file, { env, flags: new Map([['http_server.port', '3']]) })
    expect(server).toMatchObject({ port: 3, address: 'file', logLevel: 'error' })
    expect(hub).toEqual({ http_api: { key: 'env' } })
  })

  test('lists are words, names of namespaces are added and have variables of their own', () => {
    const { hub } = load(
      { channel: { namespaces: [{ name: 'from-file', history_size: 1, history_ttl: '1s' }] } },
      {
        env: {
          CENTRIFUGO_CLIENT_ALLOWED_ORIGINS: 'https://a.example  https://b.example',
          CENTRIFUGO_CHANNEL_NAMESPACES: 'chat.one two',
          CENTRIFUGO_CHANNEL_NAMESPACES_CHAT_ONE_PRESENCE: 'true',
          CENTRIFUGO_CHANNEL_NAMESPACES_FROM_FILE_HISTORY_SIZE: '5',
          CENTRIFUGO_CHANNEL_WITHOUT_NAMESPACE_PRESENCE: 'T',
        },
      },
    )
    expect(hub.client?.allowed_origins).toEqual(['https://a.example', 'https://b.example'])
    expect(hub.channel).toEqual({
      namespaces: [
        { name: 'from-file', history_size: 5, history_ttl: '1s' },
        { name: 'chat.one', presence: true },
        { name: 'two' },
      ],
      without_namespace: { presence: true },
    })
  })

  test('JSON takes the place of a list', () => {
    const env = {
      CENTRIFUGO_CHANNEL_NAMESPACES: '[{"name":"json","presence":true}]',
      CENTRIFUGO_CHANNEL_NAMESPACES_JSON_JOIN_LEAVE: '1',
    }
    expect(load({ channel: { namespaces: [{ name: 'file' }] } }, { env }).hub.channel?.namespaces).toEqual([
      { name: 'json', presence: true, join_leave: true },
    ])
  })

  test.each([
    [{ CENTRIFUGO_HEALTH_ENABLED: 'maybe' }, 'CENTRIFUGO_HEALTH_ENABLED: expected true or false, got "maybe"'],
    [{ CENTRIFUGO_CHANNEL_NAMESPACES: '[{' }, 'CENTRIFUGO_CHANNEL_NAMESPACES: expected JSON, got "[{"'],
    [{ CENTRIFUGO_PROXIES: '[1]' }, 'CENTRIFUGO_PROXIES: expected options, got 1'],
    [
      { CENTRIFUGO_ENGINE_TYPE: 'redis' },
      "engine.type: the hub can't do this; to start without it: --allow-unsupported engine.type",
    ],
  ])('%j is refused', (env, expected) => {
    expect(problems({}, { env })).toEqual([expected])
  })

  test('a flag with a wrong value is refused by its name', () => {
    expect(problems({}, { flags: new Map([['health.enabled', 'si']]) })).toEqual([
      '--health.enabled: expected true or false, got "si"',
    ])
  })

  test('${CENTRIFUGO_VAR_…} in the headers of a proxy stands for that variable, which has to be set', () => {
    const headers = (given: unknown): unknown => ({
      proxies: [{ name: 'backend', endpoint: 'http://127.0.0.1:1', http: { static_headers: given } }],
    })
    const config = headers({ authorization: 'Bearer ${CENTRIFUGO_VAR_KEY}', plain: '${OTHER}' })
    const expanded = { authorization: 'Bearer k$&', plain: '${OTHER}' }
    const env = { CENTRIFUGO_VAR_KEY: 'k$&', OTHER: 'o' }
    const headersOf = ({ hub }: LoadedConfig): unknown => hub.proxies?.[0]?.http?.static_headers
    expect(headersOf(load(config, { env }))).toEqual(expanded)
    const pairs = headers([{ key: 'authorization', value: 'Bearer ${CENTRIFUGO_VAR_KEY}' }])
    expect(headersOf(load(pairs, { env }))).toEqual({ authorization: 'Bearer k$&' })
    const variables = {
      ...env,
      CENTRIFUGO_PROXIES: 'backend',
      CENTRIFUGO_PROXIES_BACKEND_ENDPOINT: 'http://127.0.0.1:1',
      CENTRIFUGO_PROXIES_BACKEND_HTTP_STATIC_HEADERS: '{"x": "${CENTRIFUGO_VAR_KEY}"}',
    }
    expect(headersOf(load({}, { env: variables }))).toEqual({ x: 'k$&' })
    expect(problems(config)).toEqual(['proxies.http.static_headers: the variable CENTRIFUGO_VAR_KEY is not set'])
  })

  test('a variable that is no option is warned of, unless it is Kubernetes’s or ours to be filled in', () => {
    const env = {
      CENTRIFUGO_HTTP_API_KEI: 'x',
      CENTRIFUGO_SERVICE_HOST: '10.0.0.1',
      CENTRIFUGO_EXTERNAL_PORT_8000_TCP: 'tcp://10.0.0.1:8000',
      CENTRIFUGO_VAR_TOKEN: 'x',
      OTHER: 'x',
    }
    expect(load({}, { env }).warnings).toEqual([
      'CENTRIFUGO_HTTP_API_KEI is no option; did you mean CENTRIFUGO_HTTP_API_KEY?',
    ])
  })
})

describe('v5', () => {
  test.each([
    [{ token_hmac_secret_key: 's', api_key: 'k', namespaces: [] }],
    [{ engine: 'redis' }],
    [{ admin: true, port: 8001 }],
    [{ proxy_connect_endpoint: 'http://127.0.0.1:1', allowed_origins: [] }],
  ])('%j is recognised, and the way out is named', (config) => {
    expect(problems(config)).toEqual([
      expect.stringMatching(
        /^config\.json: this is a configuration of Centrifugo v5 or older \(.*backchannel migrateconfig -c /,
      ),
    ])
  })
})
