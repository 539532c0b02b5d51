import { duration, each, flag, group, ignored, integer, list, map, text, when, type Option } from './kinds.ts'
import { postgres, postgresBroker, redis, redisPresence, tls } from './shared.ts'

const prefix = { prefix: text('centrifugo') }

const nats = group({
  ...prefix,
  url: text('nats://localhost:4222'),
  ...each('dial_timeout write_timeout', duration('1s')),
  tls,
  allow_wildcards: flag,
  raw_mode: group({ enabled: flag, channel_replacements: map, prefix: text() }),
})

const brokerRedis = group({ ...prefix, ...redis, history_use_lists: flag })

/** What would carry publications and presence beyond this process. */
export const engineSections = {
  engine: group({
    type: text('memory'),
    redis: ignored(group({ ...prefix, ...redis, history_use_lists: flag, ...redisPresence })),
  }),
  broker: group({
    enabled: ignored(flag),
    type: when('enabled', text('memory')),
    redis: ignored(brokerRedis),
    nats: ignored(nats),
    redisnats: ignored(group({ redis: brokerRedis, nats })),
    postgres: ignored(postgres(postgresBroker)),
  }),
  presence_manager: group({
    enabled: ignored(flag),
    type: when('enabled', text('memory')),
    redis: ignored(group({ ...prefix, ...redis, ...redisPresence })),
  }),
  // A channel that needs it says so by its subscription_type.
  map_broker: ignored(
    group({
      type: text('memory'),
      redis: group({
        ...prefix,
        ...redis,
        cleanup_interval: duration('1s'),
        cleanup_batch_size: integer(100),
        idempotent_result_ttl: duration('5m'),
        skip_pub_sub: flag,
      }),
      postgres: postgres({ ...postgresBroker, ttl_check_interval: duration('1s') }),
    }),
  ),
  // Between the nodes of a cluster, and here is only one.
  controller: ignored(
    group({
      enabled: flag,
      type: text(),
      postgres: postgres({
        pool_size: integer(8),
        num_shards: integer(1),
        poll_interval: duration('50ms'),
        partition_retention_days: integer(1),
        partition_cleanup_interval: duration('1m'),
        batch_size: integer(1000),
      }),
    }),
  ),
  shared_poll: ignored(
    group({
      ...each('hmac_secret_key hmac_previous_secret_key', text()),
      ...each('hmac_previous_secret_key_valid_until concurrency_limit', integer()),
    }),
  ),
}

/** What subscribes to something else and publishes from it. */
const publicationData = (suffix: string): Record<string, Option> => ({
  enabled: flag,
  [`channels_${suffix}`]: text('centrifugo-channels'),
  [`idempotency_key_${suffix}`]: text('centrifugo-idempotency-key'),
  [`delta_${suffix}`]: text('centrifugo-delta'),
  [`version_${suffix}`]: text('centrifugo-version'),
  [`version_epoch_${suffix}`]: text('centrifugo-version-epoch'),
  [`tags_${suffix}_prefix`]: text('centrifugo-tag-'),
})

/** One entry of `consumers`. Of those that are lacking only `enabled` counts. */
export const consumer = {
  enabled: flag,
  type: ignored(text()),
  postgresql: ignored(
    group({
      ...each('dsn outbox_table_name partition_notification_channel partition_notification_dsn', text()),
      num_partitions: integer(1),
      partition_select_limit: integer(100),
      partition_poll_interval: duration('300ms'),
      tls,
      use_try_lock: flag,
    }),
  ),
  kafka: ignored(
    group({
      ...each('brokers topics', list()),
      ...each('consumer_group sasl_mechanism sasl_user sasl_password assume_role_arn instance_id', text()),
      max_poll_records: integer(100),
      fetch_max_bytes: integer(),
      fetch_max_wait: duration('500ms'),
      fetch_read_uncommitted: flag,
      partition_queue_max_size: integer(1000),
      dial_timeout: duration('3s'),
      tls,
      method_header: text('centrifugo-method'),
      publication_data_mode: group(publicationData('header')),
    }),
  ),
  nats_jetstream: ignored(
    group({
      url: text('nats://127.0.0.1:4222'),
      ...each('credentials_file username password token stream_name durable_consumer_name', text()),
      use_existing_consumer: flag,
      subjects: list(),
      deliver_policy: text('new'),
      max_ack_pending: integer(100),
      method_header: text('centrifugo-method'),
      publication_data_mode: group(publicationData('header')),
      tls,
    }),
  ),
  redis_stream: ignored(
    group({
      ...redis,
      streams: list(),
      consumer_group: text(),
      visibility_timeout: duration('30s'),
      num_workers: integer(1),
      payload_value: text('payload'),
      method_value: text('method'),
      publication_data_mode: group(publicationData('value')),
    }),
  ),
  google_pub_sub: ignored(
    group({
      ...each('project_id auth_mechanism credentials_file', text()),
      subscriptions: list(),
      max_outstanding_messages: integer(100),
      max_outstanding_bytes: integer(1_000_000),
      method_attribute: text('centrifugo-method'),
      publication_data_mode: group(publicationData('attribute')),
    }),
  ),
  aws_sqs: ignored(
    group({
      queues: list(),
      sns_envelope: flag,
      ...each('region credentials_profile assume_role_arn localstack_endpoint', text()),
      max_number_of_messages: integer(10),
      wait_time_time: duration('20s'),
      visibility_timeout: duration('30s'),
      max_concurrency: integer(1),
      method_attribute: text('centrifugo-method'),
      publication_data_mode: group(publicationData('attribute')),
    }),
  ),
  azure_service_bus: ignored(
    group({
      ...each('connection_string fully_qualified_namespace tenant_id client_id client_secret', text()),
      ...each('use_azure_identity use_sessions', flag),
      queues: list(),
      ...each('max_concurrent_calls max_receive_messages', integer(1)),
      method_property: text('centrifugo-method'),
      publication_data_mode: group(publicationData('property')),
    }),
  ),
}
