import { duration, each, flag, group, ignored, integer, list, named, synonymous, text, type Node } from './kinds.ts'
import { proxy } from './shared.ts'

/** For the keyed subscription types, which a channel chooses by its `subscription_type`. */
const keyed: Record<string, Node> = {
  map: ignored(
    group({
      ...each('mode client_key', text()),
      ...each('key_ttl stream_ttl meta_ttl subscribe_catch_up_timeout', duration()),
      ...each(
        'stream_size default_page_size min_page_size max_page_size live_transition_max_publication_limit',
        integer(),
      ),
      ...each(
        `remove_client_on_unsubscribe allow_publish_for_client allow_publish_for_subscriber allow_publish_for_anonymous
        allow_remove_for_client allow_remove_for_subscriber allow_remove_for_anonymous publish_proxy_enabled
        remove_proxy_enabled`,
        flag,
      ),
      ...each('publish_proxy_name remove_proxy_name', text('default')),
    }),
  ),
  shared_poll: ignored(
    group({
      ...each('proxy_name mode', text()),
      ...each('refresh_interval channel_shutdown_delay track_expired_extra_delay', duration()),
      ...each('refresh_batch_size max_keys_per_connection', integer()),
      publish_enabled: flag,
    }),
  ),
}

const channelOptions: Record<string, Node> = {
  ...each(
    `presence join_leave force_push_join_leave force_positioning allow_positioning force_recovery allow_recovery
    auto_cache_recover allow_tags_filter delta_publish allow_subscribe_for_anonymous allow_subscribe_for_client
    allow_publish_for_anonymous allow_publish_for_subscriber allow_publish_for_client allow_presence_for_anonymous
    allow_presence_for_subscriber allow_presence_for_client allow_history_for_anonymous allow_history_for_subscriber
    allow_history_for_client allow_user_limited_channels subscribe_proxy_enabled publish_proxy_enabled
    sub_refresh_proxy_enabled subscribe_stream_proxy_enabled`,
    flag,
  ),
  ...each(
    `map_clients_presence_channel_prefix map_users_presence_channel_prefix force_recovery_mode channel_regex
    publication_data_format`,
    text(),
  ),
  subscription_type: synonymous('stream', text()),
  history_size: integer(),
  ...each('history_ttl history_meta_ttl', duration()),
  allowed_delta_types: list(),
  // They name whom to ask; the switches above say whether anybody is asked.
  ...each(
    'subscribe_proxy_name publish_proxy_name sub_refresh_proxy_name subscribe_stream_proxy_name',
    ignored(text('default')),
  ),
  subscribe_stream_proxy_bidirectional: ignored(flag),
  ...keyed,
}

export const channel: Node = group({
  proxy: group({
    ...each('subscribe publish sub_refresh', group(proxy)),
    // Whether anybody is asked is said by the channels.
    ...each('subscribe_stream map_publish map_remove shared_poll_refresh', ignored(group(proxy))),
  }),
  without_namespace: group(channelOptions),
  namespaces: named(channelOptions),
  history_meta_ttl: duration('720h'),
  publication_data_format: text(),
  max_length: integer(255),
  private_prefix: text('$'),
  namespace_boundary: text(':'),
  user_boundary: text('#'),
  user_separator: text(','),
})

const rpcOptions: Record<string, Node> = { proxy_enabled: flag, proxy_name: ignored(text('default')) }

export const rpc: Node = group({
  proxy: group(proxy),
  without_namespace: group(rpcOptions),
  namespaces: named(rpcOptions),
  ping: group({ enabled: flag, method: ignored(text('ping')) }),
  namespace_boundary: text(':'),
})
