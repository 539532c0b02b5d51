import {
  duration,
  each,
  flag,
  group,
  groups,
  ignored,
  integer,
  list,
  map,
  text,
  type Group,
  type Node,
} from './kinds.ts'

/** The switch counts; the rest says how. */
export const tls: Group = group({
  enabled: flag,
  ...each('cert_pem key_pem server_ca_pem client_ca_pem server_name', ignored(text())),
  insecure_skip_verify: ignored(flag),
})

export const redis: Record<string, Node> = {
  address: list('redis://127.0.0.1:6379'),
  connect_timeout: duration('1s'),
  io_timeout: duration('4s'),
  db: integer(),
  ...each('user password client_name', text()),
  force_resp2: flag,
  cluster_address: list(),
  tls,
  sentinel_address: list(),
  ...each('sentinel_user sentinel_password sentinel_master_name sentinel_client_name', text()),
  sentinel_tls: tls,
  replica_client: group({ enabled: flag }),
}

/** What Redis keeps of a channel's members. */
export const redisPresence: Record<string, Node> = {
  presence_ttl: duration('1m'),
  presence_hash_field_ttl: flag,
  presence_user_mapping: flag,
}

/** Where Centrifugo asks an app's backend. Its `enabled`, or the channels' options, switch it on. */
export const proxy: Record<string, Node> = {
  endpoint: ignored(text()),
  timeout: ignored(duration('1s')),
  http_headers: list(),
  grpc_metadata: ignored(list()),
  emulated_headers: list(),
  binary_encoding: flag,
  include_connection_meta: flag,
  http: group({
    tls,
    static_headers: map,
    status_to_code_transforms: groups({
      status_code: integer(),
      to_error: group({ code: integer(), message: text(), temporary: flag }),
      to_disconnect: group({ code: integer(), reason: text() }),
    }),
  }),
  // Only for endpoints that begin with grpc://.
  grpc: ignored(
    group({
      tls,
      ...each('credentials_key credentials_value', text()),
      compression: flag,
      static_metadata: map,
    }),
  ),
}

/** A database that keeps streams or keyed state. */
export function postgres(own: Record<string, Node>): Group {
  return group({
    ...each('dsn notify_dsn', text()),
    tls,
    pool_size: integer(16),
    num_shards: integer(8),
    ...each('use_notify skip_schema_init', flag),
    table_prefix: text('cf'),
    partition_lookahead_days: integer(2),
    partition_retention_days: integer(7),
    ...own,
  })
}

/** What the brokers in a database have beside that. */
export const postgresBroker: Record<string, Node> = {
  cleanup_interval: duration('1m'),
  idempotent_result_ttl: duration('5m'),
  binary_data: flag,
  stream_retention: duration('24h'),
  outbox: group({ poll_interval: duration('100ms'), batch_size: integer(1000) }),
}
