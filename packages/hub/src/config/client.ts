import { isCloseReason } from '@backchannel/protocol'
import { z } from 'zod'
import { duration, flag, positiveSize, quote, size } from './primitives.ts'
import { clientProxies } from './proxies.ts'
import { subscriptionToken, token } from './token.ts'

const originPattern = z.string().superRefine((pattern, context) => {
  const message = originProblem(pattern)
  if (message) context.addIssue({ code: 'custom', message })
})

function originProblem(pattern: string): string | undefined {
  if (/[{}\\]/.test(pattern)) return 'expected an origin; of wildcards there are "*" and "?"'
  // Browsers send the scheme along: without one, or a wildcard in its place, nothing would ever match.
  const hasScheme = pattern.startsWith('*') || pattern.includes('://')
  return hasScheme ? undefined : 'expected an origin with its scheme, such as "https://example.com"'
}

/** What a failed connect of a unidirectional connection is told with. */
const unidirectionalDisconnects = z
  .strictObject({
    enabled: flag,
    /** By the error's code; what is not listed is told as always. */
    transforms: z
      .array(
        z.strictObject({
          code: z.int().min(1),
          to: z.strictObject({
            code: z.int().min(3000).max(4999),
            reason: z.string().refine(isCloseReason, 'expected at most 123 bytes').default(''),
          }),
        }),
      )
      .default([]),
  })
  .prefault({})

interface PersonalChannels {
  readonly client: {
    readonly subscribe_to_user_personal_channel: {
      readonly enabled: boolean
      readonly personal_channel_namespace: string
      readonly single_connection: boolean
    }
  }
  readonly channel: {
    readonly without_namespace: { readonly presence: boolean }
    readonly namespaces: readonly { readonly name: string; readonly presence: boolean }[]
  }
}

/** Personal channels need the namespace that they are in; to be the only one in it, its presence, as in Centrifugo. */
export function checkPersonalChannels({ client, channel }: PersonalChannels, context: z.RefinementCtx): void {
  const {
    enabled,
    personal_channel_namespace: name,
    single_connection: single,
  } = client.subscribe_to_user_personal_channel
  if (!enabled) return
  const path = ['client', 'subscribe_to_user_personal_channel']
  const options =
    name === '' ? channel.without_namespace : channel.namespaces.find((namespace) => namespace.name === name)
  if (!options) {
    const message = `there is no namespace ${quote(name)}`
    context.addIssue({ code: 'custom', path: [...path, 'personal_channel_namespace'], message })
  } else if (single && !options.presence) {
    context.addIssue({
      code: 'custom',
      path: [...path, 'single_connection'],
      message: 'needs the presence of that namespace',
    })
  }
}

export const client = z
  .strictObject({
    token,
    subscription_token: subscriptionToken,
    proxy: clientProxies,
    allowed_origins: z.array(originPattern).default([]),
    allow_anonymous_connect_without_token: flag,
    /** Takes the user from this header of the handshake. Only behind a server that sets it, or takes it away. */
    user_id_http_header: z.string().default(''),
    /** Anybody may connect, and may do in a channel whatever it offers. */
    insecure: flag,
    /** Takes a token's word for everything. */
    insecure_skip_token_signature_verify: flag,
    subscribe_to_user_personal_channel: z
      .strictObject({
        enabled: flag,
        /** `namespace:#user`; empty: `#user`. */
        personal_channel_namespace: z.string().default(''),
        /** A new connection of a user ends the others. */
        single_connection: flag,
      })
      .prefault({}),
    disallow_anonymous_connection_tokens: flag,
    /** Tell each client the server's time as it connects. */
    connect_include_server_time: flag,
    ping_interval: duration('25s'),
    pong_timeout: duration('8s'),
    /** How long a connection may take to its successful connect command. */
    stale_close_delay: duration('10s'),
    /** How long a client has to refresh an expired connection. */
    expired_close_delay: duration('25s'),
    expired_sub_close_delay: duration('25s'),
    /** How long a channel with positioned subscribers may be quiet before its position is compared; 0: never. */
    channel_position_check_delay: duration('40s'),
    /** Bytes that wait for one slow reader. */
    queue_max_size: positiveSize(1024 * 1024),
    /** Subscriptions of one connection. */
    channel_limit: size(128),
    /** Connections of one user; 0: no limit. */
    user_connection_limit: size(0),
    /** Connections in all; 0: no limit. */
    connection_limit: size(0),
    /** New connections per second; 0: no limit. */
    connection_rate_limit: size(0),
    /** Publications that a client gets of the history at once. */
    history_max_publication_limit: positiveSize(300),
    /** More than this many missed publications are not recovered; the app loads its state anew. */
    recovery_max_publication_limit: positiveSize(300),
    connect_code_to_unidirectional_disconnect: unidirectionalDisconnects,
  })
  // Every ping begins the time for its answer anew.
  .refine((client) => client.ping_interval === 0 || client.pong_timeout < client.ping_interval, {
    path: ['pong_timeout'],
    message: 'must be less than client.ping_interval',
  })
  .prefault({})
