/** Who may do what in a channel. Default closed: what nothing allows is denied. */
import { disconnect, replyError, type SubscribeRequest } from '@backchannel/protocol'
import type { ChannelOptions } from '../config/config.ts'
import type { Core } from '../core.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'
import { isWellNamed, type ChannelName } from '../config/namespaces.ts'
import type { Session } from './session.ts'
import type { Grant } from './subscription.ts'
import { createTagsFilter } from '../fanout/tags-filter.ts'
import { claimsOr, isTokenFor, type ServerSubscription, type TokenAnswers } from '../tokens/tokens.ts'

/** What a subscription gets when nothing more is said of it. */
function baseGrant(core: Core, options: ChannelOptions, serverSide: boolean): Grant {
  return {
    options,
    positioned: options.force_positioning || options.force_recovery,
    recoverable: options.force_recovery,
    presence: options.presence,
    tellsMembership: options.join_leave,
    hearsMembership: options.force_push_join_leave,
    expireAt: 0,
    serverSide,
    isRenewedByServer: core.say.subRefreshes(options),
  }
}

function withServerSubscription(grant: Grant, { info, data, override = {} }: ServerSubscription): Grant {
  const recoverable = override.force_recovery?.value ?? grant.recoverable
  const positioned = override.force_positioning?.value ?? grant.options.force_positioning
  return {
    ...grant,
    recoverable,
    // Recovery without a position would have nothing to go on from.
    positioned: positioned || recoverable,
    presence: override.presence?.value ?? grant.presence,
    tellsMembership: override.join_leave?.value ?? grant.tellsMembership,
    hearsMembership: override.force_push_join_leave?.value ?? grant.hearsMembership,
    ...(info === undefined ? {} : { info }),
    ...(data === undefined ? {} : { data }),
  }
}

/**
 * A channel that a client names in its connect command: only what the options alone would let it subscribe to.
 * Undefined when they don't, or when the app has a say in it. @throws Disconnect 3501 for a namespace that is not
 * configured
 */
export function connectGrant(core: Core, session: Session, channel: string): Grant | undefined {
  const known = core.namespaces.find(channel)
  if (!known) throw disconnect('badRequest')
  if (known.isPrivate || core.namespaces.isTooLong(channel) || !isWellNamed(known)) return undefined
  // What the app might refuse can't be had by another way in.
  if (core.say.decidesSubscribe(known.options) && !isForItsUsers(core, known)) return undefined
  return isAllowedByOptions(core, known, session.user) ? baseGrant(core, known.options, true) : undefined
}

/** Whether its name alone says who may subscribe. */
function isForItsUsers(core: Core, { name, options }: ChannelName): boolean {
  return options.allow_user_limited_channels && core.namespaces.isUserLimited(name)
}

function isAllowedByOptions(core: Core, channel: ChannelName, user: string): boolean {
  const { name, options } = channel
  if (isForItsUsers(core, channel)) return core.namespaces.isUserAllowed(name, user)
  return options.allow_subscribe_for_client && (user !== '' || options.allow_subscribe_for_anonymous)
}

/** A subscription that the server makes, to a channel of whatever name. @throws ReplyError 102 */
export function serverGrant(core: Core, channel: string, subscription: ServerSubscription, expireAt = 0): Grant {
  const known = core.namespaces.find(channel)
  if (!known) throw replyError('unknownChannel')
  return { ...withServerSubscription(baseGrant(core, known.options, true), subscription), expireAt }
}

/**
 * A subscription that a client asks for: by token, as one of the channel's users, by the app's `onSubscribe`, or by
 * the namespace's options, in this order.
 * @throws ReplyError 103, 109, 110
 * @throws Disconnect 3500 when the token is for somebody or something else
 */
export function clientGrant(
  core: Core,
  session: Session,
  channel: ChannelName,
  request: SubscribeRequest,
): MaybePromise<Grant> {
  const { options } = channel
  const asked = (grant: Grant): Grant => withAsked(grant, session, request)
  if (channel.isPrivate && request.token === '') throw replyError('permissionDenied')
  if (request.token !== '') return chain(tokenGrant(core, session, request), asked)
  if (isForItsUsers(core, channel)) {
    if (!isAllowedByOptions(core, channel, session.user)) throw replyError('permissionDenied')
    return asked(baseGrant(core, options, false))
  }
  return chain(core.say.subscribe(session, request, options), (decision) => {
    // While the app was deciding, the rules may have been replaced.
    const current = core.namespaces.resolve(channel.name)
    const base = baseGrant(core, current.options, false)
    if (!decision) {
      if (!isAllowedByOptions(core, current, session.user)) throw replyError('permissionDenied')
      return asked(base)
    }
    const grant = { ...withServerSubscription(base, decision), expireAt: decision.expireAt }
    return decision.heedsRequest ? asked(grant) : withAskedDelivery(grant, request)
  })
}

function tokenGrant(core: Core, session: Session, { channel, token }: SubscribeRequest): MaybePromise<Grant> {
  return chain(
    claimsOr(() => core.tokens.subscription(token), refusals),
    (claims) => {
      if (!isTokenFor(claims, session, channel)) throw disconnect('invalidToken')
      // While the token was verified, the rules may have been replaced.
      const { options } = core.namespaces.resolve(channel)
      const grant = withServerSubscription(baseGrant(core, options, false), claims)
      return { ...grant, expireAt: claims.expireAt, token: claims.token }
    },
  )
}

const refusals: TokenAnswers = {
  expired: () => replyError('tokenExpired'),
  invalid: () => replyError('permissionDenied'),
}

/** Bit of a subscribe request's `flag`. */
const rejectUnrecoveredFlag = 2

/**
 * What a client asks for, where the options let it or where it may read the history or presence.
 * @throws ReplyError 107 for a filter that is none or is not allowed
 */
function withAsked(grant: Grant, session: Session, request: SubscribeRequest): Grant {
  const { options } = grant
  const mayRead = mayUse(options, 'history', session, true)
  const recoverable = grant.recoverable || (request.recoverable && (options.allow_recovery || mayRead))
  const positioned = grant.positioned || recoverable || (request.positioned && (options.allow_positioning || mayRead))
  const hearsMembership =
    grant.hearsMembership || (request.joinLeave && options.join_leave && mayUse(options, 'presence', session, true))
  return withAskedDelivery({ ...grant, recoverable, positioned, hearsMembership }, request)
}

/**
 * How the client wants to be sent what it may hear.
 * @throws ReplyError 107 for a filter that is none or is not allowed
 */
function withAskedDelivery(grant: Grant, request: SubscribeRequest): Grant {
  const { options } = grant
  const { delta, filter, flag } = request
  const rejectUnrecovered = (flag & rejectUnrecoveredFlag) !== 0
  if (filter) {
    if (!options.allow_tags_filter) throw replyError('badRequest')
    // Without delta: patches are made of what everybody hears.
    return { ...grant, rejectUnrecovered, filter: createTagsFilter(filter) }
  }
  return { ...grant, rejectUnrecovered, delta: isDeltaAllowed(options, delta) }
}

/** Whether the channel's publications may come as patches of this kind. */
export function isDeltaAllowed(options: ChannelOptions, delta: string): boolean {
  return options.allowed_delta_types.some((type) => type === delta)
}

/** Whether options let this session publish to, or read history or presence of, a channel. */
export function mayUse(
  options: ChannelOptions,
  what: 'publish' | 'history' | 'presence',
  session: Session,
  isSubscribed: boolean,
): boolean {
  const isAnonymous = session.user === ''
  const allowed = options[`allow_${what}_for_client`] || (options[`allow_${what}_for_subscriber`] && isSubscribed)
  return allowed && (!isAnonymous || options[`allow_${what}_for_anonymous`])
}
