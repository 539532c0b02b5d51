import { duration, each, flag, group, groups, ignored, integer, list, text, type Node } from './kinds.ts'
import { proxy } from './shared.ts'

const token: Record<string, Node> = {
  ...each(
    `hmac_secret_key hmac_previous_secret_key rsa_public_key ecdsa_public_key jwks_public_endpoint audience
    audience_regex issuer issuer_regex user_id_claim`,
    text(),
  ),
  hmac_previous_secret_key_valid_until: integer(),
  insecure_skip_jwks_endpoint_safety_check: flag,
}

/** Of connections. */
export const client: Node = group({
  proxy: group({
    connect: group({ enabled: flag, ...proxy }),
    refresh: group({ enabled: flag, ...proxy }),
  }),
  allowed_origins: list(),
  token: group(token),
  subscription_token: group({ enabled: flag, ...token }),
  ...each(
    `allow_anonymous_connect_without_token disallow_anonymous_connection_tokens connect_include_server_time
    insecure_skip_token_signature_verify insecure`,
    flag,
  ),
  ping_interval: duration('25s'),
  pong_timeout: duration('8s'),
  expired_close_delay: duration('25s'),
  expired_sub_close_delay: duration('25s'),
  stale_close_delay: duration('10s'),
  channel_limit: integer(128),
  queue_max_size: integer(1_048_576),
  // In memory presence never goes stale.
  presence_update_interval: ignored(duration('27s')),
  // One command of a connection after the other is the stricter order.
  concurrency: ignored(integer()),
  channel_position_check_delay: duration('40s'),
  channel_position_max_time_lag: duration(),
  ...each('connection_limit user_connection_limit connection_rate_limit', integer()),
  ...each('history_max_publication_limit recovery_max_publication_limit', integer(300)),
  user_id_http_header: text(),
  subscribe_to_user_personal_channel: group({
    ...each('enabled single_connection', flag),
    personal_channel_namespace: ignored(text()),
  }),
  connect_code_to_unidirectional_disconnect: group({
    enabled: flag,
    transforms: ignored(groups({ code: integer(), to: group({ code: integer(), reason: text() }) })),
  }),
})
