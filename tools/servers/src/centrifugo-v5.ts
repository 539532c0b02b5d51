/** A Centrifugo v6 configuration: nested, in snake_case, as in its config file. */
export type CentrifugoConfig = { [option: string]: unknown }

interface Section {
  /** Options whose v5 key is `prefix` and their own name. */
  prefix?: string
  options?: string
  /** Options, by their path within the section, whose v5 key follows no rule. */
  renamed?: { [path: string]: string }
}

const tokenOptions = `hmac_secret_key rsa_public_key ecdsa_public_key jwks_public_endpoint audience audience_regex
  issuer issuer_regex user_id_claim`
const webSocketOptions = `handler_prefix compression compression_min_size compression_level read_buffer_size
  use_write_buffer_pool write_buffer_size write_timeout message_size_limit`
const bodyOptions = 'handler_prefix max_request_body_size'

/**
 * Every option that both versions have. They are listed one by one because v5 only warns about a key that it doesn't
 * know, so an option guessed by a rule would silently do nothing.
 */
const sections: { [path: string]: Section } = {
  client: {
    prefix: 'client_',
    options: `expired_close_delay expired_sub_close_delay stale_close_delay channel_limit queue_max_size
      presence_update_interval concurrency channel_position_check_delay channel_position_max_time_lag connection_limit
      user_connection_limit connection_rate_limit connect_include_server_time history_max_publication_limit
      recovery_max_publication_limit insecure insecure_skip_token_signature_verify user_id_http_header`,
    renamed: {
      allowed_origins: 'allowed_origins',
      ping_interval: 'ping_interval',
      pong_timeout: 'pong_timeout',
      allow_anonymous_connect_without_token: 'allow_anonymous_connect_without_token',
      disallow_anonymous_connection_tokens: 'disallow_anonymous_connection_tokens',
      'subscribe_to_user_personal_channel.enabled': 'user_subscribe_to_personal',
      'subscribe_to_user_personal_channel.personal_channel_namespace': 'user_personal_channel_namespace',
      'subscribe_to_user_personal_channel.single_connection': 'user_personal_single_connection',
    },
  },
  'client.token': { prefix: 'token_', options: tokenOptions },
  'client.subscription_token': {
    prefix: 'subscription_token_',
    options: tokenOptions,
    renamed: { enabled: 'separate_subscription_token_config' },
  },
  channel: {
    prefix: 'channel_',
    options: 'max_length private_prefix namespace_boundary user_boundary user_separator',
    renamed: { history_meta_ttl: 'global_history_meta_ttl' },
  },
  rpc: {
    renamed: {
      namespace_boundary: 'rpc_namespace_boundary',
      'ping.enabled': 'rpc_ping',
      'ping.method': 'rpc_ping_method',
    },
  },
  http_api: {
    prefix: 'api_',
    options: 'key error_mode external insecure handler_prefix',
    renamed: { disabled: 'api_disable' },
  },
  http_server: {
    prefix: '',
    options: 'address port internal_address internal_port tls_external',
    renamed: { 'tls.enabled': 'tls', 'tls.cert_pem': 'tls_cert', 'tls.key_pem': 'tls_key' },
  },
  websocket: { prefix: 'websocket_', options: webSocketOptions, renamed: { disabled: 'websocket_disable' } },
  uni_websocket: { prefix: 'uni_websocket_', options: webSocketOptions, renamed: { enabled: 'uni_websocket' } },
  sse: { prefix: 'sse_', options: bodyOptions, renamed: { enabled: 'sse' } },
  uni_sse: { prefix: 'uni_sse_', options: bodyOptions, renamed: { enabled: 'uni_sse' } },
  http_stream: { prefix: 'http_stream_', options: bodyOptions, renamed: { enabled: 'http_stream' } },
  uni_http_stream: { prefix: 'uni_http_stream_', options: bodyOptions, renamed: { enabled: 'uni_http_stream' } },
  emulation: { prefix: 'emulation_', options: bodyOptions },
  engine: { renamed: { type: 'engine' } },
  'engine.redis': {
    prefix: 'redis_',
    options: 'address prefix connect_timeout io_timeout db user password client_name force_resp2 cluster_address',
  },
  admin: {
    prefix: 'admin_',
    options: 'password secret insecure external handler_prefix web_path web_proxy_address',
    renamed: { enabled: 'admin' },
  },
  health: { prefix: 'health_', options: 'handler_prefix', renamed: { enabled: 'health' } },
  prometheus: { prefix: 'prometheus_', options: 'handler_prefix', renamed: { enabled: 'prometheus' } },
  swagger: { prefix: 'swagger_', options: 'handler_prefix', renamed: { enabled: 'swagger' } },
  debug: { renamed: { enabled: 'debug' } },
  log: { prefix: 'log_', options: 'level file' },
  node: { renamed: { name: 'name' } },
  shutdown: { prefix: 'shutdown_', options: 'timeout' },
  usage_stats: { renamed: { disabled: 'usage_stats_disable' } },
}

/** For channels without a namespace v5 has these at the top, otherwise in the namespace. */
const channelSection: Section = {
  prefix: '',
  options: `presence join_leave force_push_join_leave history_size history_ttl history_meta_ttl force_positioning
    allow_positioning force_recovery allow_recovery force_recovery_mode allowed_delta_types delta_publish
    allow_subscribe_for_anonymous allow_subscribe_for_client allow_publish_for_anonymous allow_publish_for_client
    allow_publish_for_subscriber allow_presence_for_anonymous allow_presence_for_client allow_presence_for_subscriber
    allow_history_for_anonymous allow_history_for_client allow_history_for_subscriber allow_user_limited_channels
    channel_regex`,
  renamed: {
    subscribe_proxy_enabled: 'proxy_subscribe',
    publish_proxy_enabled: 'proxy_publish',
    sub_refresh_proxy_enabled: 'proxy_sub_refresh',
  },
}

/** The connection-wide proxies: v5 has no switch for them, an endpoint is one. */
const proxies: { [path: string]: string } = {
  'client.proxy.connect': 'connect',
  'client.proxy.refresh': 'refresh',
  'channel.proxy.subscribe': 'subscribe',
  'channel.proxy.publish': 'publish',
  'channel.proxy.sub_refresh': 'sub_refresh',
  'rpc.proxy': 'rpc',
}

function keysOf(path: string, { prefix = '', options = '', renamed = {} }: Section): [string, string][] {
  const same = options.split(/\s+/).filter((name) => name !== '')
  return [
    ...same.map((name): [string, string] => [`${path}${name}`, `${prefix}${name}`]),
    ...Object.entries(renamed).map(([name, key]): [string, string] => [`${path}${name}`, key]),
  ]
}

const channelKeys = new Map(keysOf('', channelSection))
const keys = new Map([
  ...Object.entries(sections).flatMap(([path, section]) => keysOf(`${path}.`, section)),
  ...keysOf('channel.without_namespace.', channelSection),
  ...Object.entries(proxies).flatMap(([path, name]) =>
    keysOf(`${path}.`, { prefix: `proxy_${name}_`, options: 'endpoint timeout' }),
  ),
])

/**
 * The same configuration for Centrifugo v5, which is flat.
 * @throws Error that names each option for which v5 has no equivalent
 */
export function toCentrifugoV5(config: CentrifugoConfig): CentrifugoConfig {
  const unknown: string[] = []
  const flat: CentrifugoConfig = {}
  for (const [path, value] of leaves(config)) {
    const key = keys.get(path)
    if (path === 'channel.namespaces') flat['namespaces'] = namespacesToV5(value, unknown)
    else if (key !== undefined) flat[key] = value
    else if (!isProxySwitch(path, config)) unknown.push(path)
  }
  if (unknown.length > 0) throw new Error(`Centrifugo v5 has no equivalent of ${unknown.join(', ')}`)
  return flat
}

function namespacesToV5(namespaces: unknown, unknown: string[]): CentrifugoConfig[] {
  if (!Array.isArray(namespaces)) throw new Error('channel.namespaces must be a list')
  return namespaces.map((namespace: unknown) => {
    if (!isObject(namespace)) throw new Error('channel.namespaces must be a list of objects')
    const { name, ...options } = namespace
    const flat: CentrifugoConfig = { name }
    for (const [path, value] of leaves(options)) {
      const key = channelKeys.get(path)
      if (key === undefined) unknown.push(`channel.namespaces[${String(name)}].${path}`)
      else flat[key] = value
    }
    return flat
  })
}

/** A proxy's `enabled: true` says in v6 what its endpoint already says in v5. */
function isProxySwitch(path: string, config: CentrifugoConfig): boolean {
  const proxy = path.replace(/\.enabled$/, '')
  if (proxy === path || !(proxy in proxies)) return false
  const at = proxy.split('.').reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), config)
  return isObject(at) && at['enabled'] === true && typeof at['endpoint'] === 'string'
}

function* leaves(value: CentrifugoConfig, path = ''): Generator<[string, unknown]> {
  for (const [name, inner] of Object.entries(value)) {
    if (isObject(inner)) yield* leaves(inner, `${path}${name}.`)
    else yield [`${path}${name}`, inner]
  }
}

export function isObject(value: unknown): value is CentrifugoConfig {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
