/** Where v5's flat options stand since v6, as far as a name says it. What needs more than another name: `convert.ts`. */

/** `prefix` and an option's own name make its v5 name; `moved` are those that follow no rule. */
interface Section {
  readonly prefix?: string
  readonly same?: string
  readonly moved?: Readonly<Record<string, string>>
}

const token = `hmac_secret_key rsa_public_key ecdsa_public_key jwks_public_endpoint audience audience_regex issuer
  issuer_regex user_id_claim`
const webSocket = `handler_prefix compression compression_min_size compression_level read_buffer_size
  use_write_buffer_pool write_buffer_size write_timeout message_size_limit`
const body = 'handler_prefix max_request_body_size'
const redis = `address prefix connect_timeout io_timeout db user password client_name force_resp2 cluster_address
  sentinel_address sentinel_user sentinel_password sentinel_master_name sentinel_client_name presence_hash_field_ttl`

const sections: Readonly<Record<string, Section>> = {
  'client.token': { prefix: 'token_', same: token },
  'client.subscription_token': {
    prefix: 'subscription_token_',
    same: token,
    moved: { separate_subscription_token_config: 'enabled' },
  },
  client: {
    prefix: 'client_',
    same: `expired_close_delay expired_sub_close_delay stale_close_delay channel_limit queue_max_size
      presence_update_interval concurrency channel_position_check_delay channel_position_max_time_lag connection_limit
      user_connection_limit connection_rate_limit connect_include_server_time history_max_publication_limit
      recovery_max_publication_limit insecure insecure_skip_token_signature_verify user_id_http_header
      connect_code_to_unidirectional_disconnect`,
    moved: {
      allowed_origins: 'allowed_origins',
      ping_interval: 'ping_interval',
      pong_timeout: 'pong_timeout',
      allow_anonymous_connect_without_token: 'allow_anonymous_connect_without_token',
      disallow_anonymous_connection_tokens: 'disallow_anonymous_connection_tokens',
      user_subscribe_to_personal: 'subscribe_to_user_personal_channel.enabled',
      user_personal_channel_namespace: 'subscribe_to_user_personal_channel.personal_channel_namespace',
      user_personal_single_connection: 'subscribe_to_user_personal_channel.single_connection',
    },
  },
  channel: {
    prefix: 'channel_',
    same: 'max_length private_prefix namespace_boundary user_boundary user_separator',
    moved: { global_history_meta_ttl: 'history_meta_ttl' },
  },
  rpc: {
    prefix: 'rpc_',
    same: 'namespace_boundary',
    moved: { rpc_ping: 'ping.enabled', rpc_ping_method: 'ping.method' },
  },
  http_api: {
    prefix: 'api_',
    same: 'key error_mode external insecure handler_prefix',
    moved: { api_disable: 'disabled' },
  },
  grpc_api: {
    prefix: 'grpc_api_',
    same: 'error_mode address port key reflection max_receive_message_size',
    moved: { grpc_api: 'enabled' },
  },
  uni_grpc: {
    prefix: 'uni_grpc_',
    same: 'address port max_receive_message_size',
    moved: { uni_grpc: 'enabled' },
  },
  http_server: {
    same: 'address port internal_address internal_port tls_external',
    moved: { http3: 'http3.enabled', tls_autocert: 'tls_autocert.enabled' },
  },
  'http_server.tls_autocert': { prefix: 'tls_autocert_', same: 'cache_dir email server_name http http_addr' },
  websocket: { prefix: 'websocket_', same: webSocket, moved: { websocket_disable: 'disabled' } },
  uni_websocket: { prefix: 'uni_websocket_', same: webSocket, moved: { uni_websocket: 'enabled' } },
  sse: { prefix: 'sse_', same: body, moved: { sse: 'enabled' } },
  http_stream: { prefix: 'http_stream_', same: body, moved: { http_stream: 'enabled' } },
  uni_sse: { prefix: 'uni_sse_', same: `${body} connect_code_to_http_response`, moved: { uni_sse: 'enabled' } },
  uni_http_stream: {
    prefix: 'uni_http_stream_',
    same: `${body} connect_code_to_http_response`,
    moved: { uni_http_stream: 'enabled' },
  },
  webtransport: { prefix: 'webtransport_', same: 'handler_prefix', moved: { webtransport: 'enabled' } },
  emulation: { prefix: 'emulation_', same: body },
  'engine.redis': {
    prefix: 'redis_',
    same: redis,
    moved: {
      redis_use_lists: 'history_use_lists',
      global_presence_ttl: 'presence_ttl',
      global_redis_presence_user_mapping: 'presence_user_mapping',
    },
  },
  engine: { moved: { engine: 'type' } },
  broker: { moved: { broker: 'type' } },
  'broker.nats': { prefix: 'nats_', same: 'prefix url dial_timeout write_timeout allow_wildcards raw_mode' },
  admin: {
    prefix: 'admin_',
    same: 'password secret insecure external handler_prefix web_path web_proxy_address',
    moved: { admin: 'enabled' },
  },
  health: { prefix: 'health_', same: 'handler_prefix', moved: { health: 'enabled' } },
  prometheus: { prefix: 'prometheus_', same: 'handler_prefix', moved: { prometheus: 'enabled' } },
  swagger: { prefix: 'swagger_', same: 'handler_prefix', moved: { swagger: 'enabled' } },
  debug: { moved: { debug: 'enabled' } },
  opentelemetry: {
    prefix: 'opentelemetry_',
    same: 'api consuming',
    moved: { opentelemetry: 'enabled' },
  },
  graphite: { prefix: 'graphite_', same: 'host port prefix interval tags', moved: { graphite: 'enabled' } },
  log: { prefix: 'log_', same: 'level file' },
  node: { prefix: 'node_', same: 'info_metrics_aggregate_interval', moved: { name: 'name' } },
  shutdown: { prefix: 'shutdown_', same: 'timeout' },
  usage_stats: { moved: { usage_stats_disable: 'disabled' } },
}

const channelSection: Section = {
  same: `presence join_leave force_push_join_leave history_size history_ttl history_meta_ttl force_positioning
    allow_positioning force_recovery allow_recovery force_recovery_mode allowed_delta_types delta_publish
    allow_subscribe_for_anonymous allow_subscribe_for_client allow_publish_for_anonymous allow_publish_for_client
    allow_publish_for_subscriber allow_presence_for_anonymous allow_presence_for_client allow_presence_for_subscriber
    allow_history_for_anonymous allow_history_for_client allow_history_for_subscriber allow_user_limited_channels
    channel_regex`,
  moved: {
    proxy_subscribe: 'subscribe_proxy_enabled',
    proxy_publish: 'publish_proxy_enabled',
    proxy_sub_refresh: 'sub_refresh_proxy_enabled',
    proxy_subscribe_stream: 'subscribe_stream_proxy_enabled',
    proxy_subscribe_stream_bidirectional: 'subscribe_stream_proxy_bidirectional',
  },
}

function namesOf(path: string, { prefix = '', same = '', moved = {} }: Section): [string, string][] {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const kept = same.split(/\s+/).filter((name) => name !== '')
  return [
    ...kept.map((name): [string, string] => [`${prefix}${name}`, at(name)]),
    ...Object.entries(moved).map(([old, name]): [string, string] => [old, at(name)]),
  ]
}

/** Options of one namespace, and at the top those of channels without one: v5 name → v6 name. */
export const channelNames: ReadonlyMap<string, string> = new Map(namesOf('', channelSection))

/** At the top: v5 name → v6 path. */
export const topNames: ReadonlyMap<string, string> = new Map([
  ...Object.entries(sections).flatMap(([path, section]) => namesOf(path, section)),
  ...namesOf('channel.without_namespace', channelSection),
  ['enable_unreleased_features', 'enable_unreleased_features'],
  ['pid_file', 'pid_file'],
])

/** What v6 has no more, and why nothing takes its place. */
export const removedNames: ReadonlyMap<string, string> = new Map([
  ['sockjs', 'SockJS was removed in v6; clients use http_stream or sse'],
  ['sockjs_url', 'SockJS was removed in v6'],
  ['sockjs_handler_prefix', 'SockJS was removed in v6'],
  ['tarantool_mode', 'Tarantool was removed in v6'],
  ['tarantool_address', 'Tarantool was removed in v6'],
  ['tarantool_user', 'Tarantool was removed in v6'],
  ['tarantool_password', 'Tarantool was removed in v6'],
  ['gomaxprocs', 'v6 sets it by itself'],
  ['shutdown_termination_delay', 'v6 has no such delay'],
  ['grpc_api_tls_disable', 'in v6 the gRPC API has TLS only where grpc_api.tls says so'],
  ['uni_grpc_tls_disable', 'in v6 unidirectional gRPC has TLS only where uni_grpc.tls says so'],
])
