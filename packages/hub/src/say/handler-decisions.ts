/** From events to an app's handlers, and from what these answer to decisions. */
import type { ConnectRequest, Payload } from '@backchannel/protocol'
import type {
  ClientEvent,
  ConnectAnswer,
  ConnectEvent,
  PublishAnswer,
  RefreshAnswer,
  RpcAnswer,
  ServerSubscriptionAnswer,
  SubRefreshAnswer,
  SubscribeAnswer,
} from '../handlers.ts'
import { answerPayload, parsePayload, toPayload } from '../payloads.ts'
import type { Handshake, Session } from '../session/session.ts'
import type { ServerSubscription } from '../tokens/tokens.ts'
import { checkExpireAt } from '../session/ttl.ts'
import {
  expired,
  type ConnectDecision,
  type PublishDecision,
  type RenewDecision,
  type SubscribeDecision,
} from './decisions.ts'

export function clientEvent({ client, user, meta }: Session): ClientEvent {
  return { client, user, meta: parsePayload(meta) }
}

export function connectEvent(client: string, handshake: Handshake, request: ConnectRequest): ConnectEvent {
  const { name, version, data, headers } = request
  const emulated = Array.from(headers, ([header, value]) => [header.toLowerCase(), value] as const)
  return {
    ...handshake,
    client,
    name,
    version,
    data: parsePayload(data),
    emulatedHeaders: Object.fromEntries(emulated),
  }
}

/** @throws TypeError */
export function readConnect(answer: ConnectAnswer): ConnectDecision {
  const { user, info, data, meta, expireAt = 0, channels = [], subs = {} } = answer
  // A number would be another user than its text to everybody who asks for it.
  if (typeof user !== 'string') throw new TypeError(`The user of a connection is not text, but ${typeof user}`)
  if (!Array.isArray(channels) || channels.some((channel) => typeof channel !== 'string')) {
    throw new TypeError('The channels of a connection are not a list of texts')
  }
  const subscriptions = new Map<string, ServerSubscription>(channels.map((channel: string) => [channel, {}]))
  for (const [channel, options] of Object.entries(subs)) subscriptions.set(channel, readSubscription(options))
  return {
    identity: {
      user,
      expireAt: checkExpireAt(expireAt),
      ...(info === undefined ? {} : { info: answerPayload(info) }),
      ...(meta === undefined ? {} : { meta: toPayload(meta) }),
    },
    channels: subscriptions,
    ...(data === undefined ? {} : { data: answerPayload(data) }),
  }
}

function readSubscription({ info, data, override }: ServerSubscriptionAnswer): ServerSubscription {
  return {
    ...(info === undefined ? {} : { info: answerPayload(info) }),
    ...(data === undefined ? {} : { data: answerPayload(data) }),
    ...(override ? { override } : {}),
  }
}

/** @throws TypeError */
export function readSubscribe(answer: SubscribeAnswer): SubscribeDecision {
  return { ...readSubscription(answer), expireAt: checkExpireAt(answer.expireAt ?? 0), heedsRequest: true }
}

/** @throws TypeError */
export function readPublish(answer: PublishAnswer): PublishDecision {
  const { data, skipHistory, tags, idempotencyKey, delta, version, versionEpoch } = answer
  return {
    ...(data === undefined ? {} : { data: answerPayload(data) }),
    ...(skipHistory === undefined ? {} : { skipHistory }),
    ...(tags ? { tags: { ...tags } } : {}),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(delta === undefined ? {} : { delta }),
    ...(version === undefined ? {} : { version }),
    ...(versionEpoch === undefined ? {} : { versionEpoch }),
  }
}

/** No answer ends it. @throws TypeError */
export function readRefresh(answer: RefreshAnswer | undefined): RenewDecision {
  return answer ? readRenewal(answer, answer.meta) : expired
}

/** No answer ends it. @throws TypeError */
export function readSubRefresh(answer: SubRefreshAnswer | undefined): RenewDecision {
  return answer ? readRenewal(answer, undefined) : expired
}

function readRenewal(answer: SubRefreshAnswer, meta: unknown): RenewDecision {
  const { expired: isExpired = false, expireAt = 0, info } = answer
  if (isExpired) return expired
  return {
    expired: false,
    expireAt: checkExpireAt(expireAt),
    ...(info === undefined ? {} : { info: answerPayload(info) }),
    ...(meta === undefined ? {} : { meta: toPayload(meta) }),
  }
}

/** @throws TypeError */
export function readRpc(answer: RpcAnswer | undefined): Payload | undefined {
  return answer?.data === undefined ? undefined : answerPayload(answer.data)
}
