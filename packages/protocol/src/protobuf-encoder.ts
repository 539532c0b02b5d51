/**
 * Centrifugo's Protobuf protocol, the server's side. Every message stands behind its length, as binary frames and
 * streams hold it. Zero values are left out, empty results are there with length 0, fields stand in the order of their
 * numbers.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { Payload } from './payload.ts'
import type { Push } from './push.ts'
import type {
  ClientInfo,
  ConnectResult,
  HistoryResult,
  PresenceResult,
  PresenceStatsResult,
  Publication,
  RefreshResult,
  Reply,
  SubscribeResult,
} from './reply.ts'

/** The server's ping, and the client's answer to it: a message of length 0. */
export const protobufPing: Uint8Array = Uint8Array.of(0)

function text(writer: BinaryWriter, field: number, value: string | undefined): void {
  if (value) writer.tag(field, WireType.LengthDelimited).string(value)
}

function uint(writer: BinaryWriter, field: number, value: number | undefined): void {
  if (!value) return
  writer.tag(field, WireType.Varint)
  // The library takes 64 bits through BigInt, which hardly any number needs.
  if (value <= 0xff_ff_ff_ff) writer.uint32(value)
  else writer.uint64(value)
}

function flag(writer: BinaryWriter, field: number, value: boolean | undefined): void {
  if (value) writer.tag(field, WireType.Varint).bool(true)
}

function data(writer: BinaryWriter, field: number, value: Payload | undefined): void {
  if (value === undefined || value.length === 0) return
  writer.tag(field, WireType.LengthDelimited)
  if (typeof value === 'string') writer.string(value)
  else writer.bytes(value)
}

function message<T>(
  writer: BinaryWriter,
  field: number,
  value: T,
  write: (writer: BinaryWriter, value: T) => void,
): void {
  writer.tag(field, WireType.LengthDelimited).fork()
  write(writer, value)
  writer.join()
}

function mapOf<T>(
  writer: BinaryWriter,
  field: number,
  entries: Iterable<readonly [string, T]>,
  write: (writer: BinaryWriter, value: T) => void,
): void {
  for (const [key, value] of entries) {
    writer.tag(field, WireType.LengthDelimited).fork()
    // Entries hold both of their fields, also empty ones.
    writer.tag(1, WireType.LengthDelimited).string(key)
    write(writer, value)
    writer.join()
  }
}

function clientInfo(writer: BinaryWriter, info: ClientInfo): void {
  text(writer, 1, info.user)
  text(writer, 2, info.client)
  data(writer, 3, info.connInfo)
  data(writer, 4, info.chanInfo)
}

function publication(writer: BinaryWriter, pub: Publication): void {
  data(writer, 4, pub.data)
  if (pub.info) message(writer, 5, pub.info, clientInfo)
  uint(writer, 6, pub.offset)
  if (pub.tags) {
    mapOf(writer, 7, Object.entries(pub.tags), (inner, value) => inner.tag(2, WireType.LengthDelimited).string(value))
  }
  flag(writer, 8, pub.delta)
  text(writer, 14, pub.epoch)
  uint(writer, 16, pub.version)
}

function publications(writer: BinaryWriter, field: number, list: readonly Publication[] | undefined): void {
  for (const pub of list ?? []) message(writer, field, pub, publication)
}

function subscribeResult(writer: BinaryWriter, result: SubscribeResult): void {
  flag(writer, 1, result.expires)
  uint(writer, 2, result.ttl)
  flag(writer, 3, result.recoverable)
  text(writer, 6, result.epoch)
  publications(writer, 7, result.publications)
  flag(writer, 8, result.recovered)
  uint(writer, 9, result.offset)
  flag(writer, 10, result.positioned)
  data(writer, 11, result.data)
  flag(writer, 12, result.wasRecovering)
  flag(writer, 13, result.delta)
}

function connectResult(writer: BinaryWriter, result: ConnectResult): void {
  text(writer, 1, result.client)
  text(writer, 2, result.version)
  flag(writer, 3, result.expires)
  uint(writer, 4, result.ttl)
  data(writer, 5, result.data)
  mapOf(writer, 6, result.subs ?? [], (inner, sub) => message(inner, 2, sub, subscribeResult))
  uint(writer, 7, result.ping)
  flag(writer, 8, result.pong)
  text(writer, 9, result.session)
  text(writer, 10, result.node)
  uint(writer, 11, result.time)
}

/** As a push holds it, where the numbers are others. */
function connectPush(writer: BinaryWriter, result: ConnectResult): void {
  text(writer, 1, result.client)
  text(writer, 2, result.version)
  data(writer, 3, result.data)
  mapOf(writer, 4, result.subs ?? [], (inner, sub) => message(inner, 2, sub, subscribeResult))
  flag(writer, 5, result.expires)
  uint(writer, 6, result.ttl)
  uint(writer, 7, result.ping)
  flag(writer, 8, result.pong)
  text(writer, 9, result.session)
  text(writer, 10, result.node)
  uint(writer, 11, result.time)
}

function subscribePush(writer: BinaryWriter, push: Extract<Push, { subscribe: unknown }>['subscribe']): void {
  flag(writer, 1, push.recoverable)
  text(writer, 4, push.epoch)
  uint(writer, 5, push.offset)
  flag(writer, 6, push.positioned)
  data(writer, 7, push.data)
}

function refreshResult(writer: BinaryWriter, { expires, ttl }: RefreshResult): void {
  flag(writer, 1, expires)
  uint(writer, 2, ttl)
}

/** A refresh's answer has its fields behind two that say who the connection is, and that nobody fills. */
function connectionRefreshResult(writer: BinaryWriter, { expires, ttl }: RefreshResult): void {
  flag(writer, 3, expires)
  uint(writer, 4, ttl)
}

function disconnectPush(writer: BinaryWriter, { code, reason }: { code: number; reason: string }): void {
  uint(writer, 1, code)
  text(writer, 2, reason)
}

function unsubscribePush(writer: BinaryWriter, { code, reason }: { code: number; reason: string }): void {
  uint(writer, 2, code)
  text(writer, 3, reason)
}

function error(writer: BinaryWriter, body: Extract<Reply, { error: unknown }>['error']): void {
  uint(writer, 1, body.code)
  text(writer, 2, body.message)
  flag(writer, 3, body.temporary)
}

function presence(writer: BinaryWriter, result: PresenceResult): void {
  mapOf(writer, 1, result.presence, (inner, info) => message(inner, 2, info, clientInfo))
}

function presenceStats(writer: BinaryWriter, result: PresenceStatsResult): void {
  uint(writer, 1, result.numClients)
  uint(writer, 2, result.numUsers)
}

function history(writer: BinaryWriter, result: HistoryResult): void {
  publications(writer, 1, result.publications)
  text(writer, 2, result.epoch)
  uint(writer, 3, result.offset)
}

function nothing(): void {}

function reply(writer: BinaryWriter, answer: Reply): void {
  uint(writer, 1, answer.id)
  if ('error' in answer) message(writer, 2, answer.error, error)
  else if ('connect' in answer) message(writer, 5, answer.connect, connectResult)
  else if ('subscribe' in answer) message(writer, 6, answer.subscribe, subscribeResult)
  else if ('unsubscribe' in answer) message(writer, 7, undefined, nothing)
  else if ('publish' in answer) message(writer, 8, undefined, nothing)
  else if ('presence' in answer) message(writer, 9, answer.presence, presence)
  else if ('presenceStats' in answer) message(writer, 10, answer.presenceStats, presenceStats)
  else if ('history' in answer) message(writer, 11, answer.history, history)
  else if ('rpc' in answer) message(writer, 13, answer.rpc, (inner, result) => data(inner, 1, result.data))
  else if ('refresh' in answer) message(writer, 14, answer.refresh, connectionRefreshResult)
  else message(writer, 15, answer.subRefresh, refreshResult)
}

function barePush(writer: BinaryWriter, push: Push): void {
  if ('channel' in push) text(writer, 2, push.channel)
  if ('pub' in push) message(writer, 4, push.pub, publication)
  else if ('join' in push) message(writer, 5, push.join, (inner, { info }) => message(inner, 1, info, clientInfo))
  else if ('leave' in push) message(writer, 6, push.leave, (inner, { info }) => message(inner, 1, info, clientInfo))
  else if ('unsubscribe' in push) message(writer, 7, push.unsubscribe, unsubscribePush)
  else if ('message' in push) message(writer, 8, push.message, (inner, sent) => data(inner, 1, sent.data))
  else if ('subscribe' in push) message(writer, 9, push.subscribe, subscribePush)
  else if ('connect' in push) message(writer, 10, push.connect, connectPush)
  else if ('disconnect' in push) message(writer, 11, push.disconnect, disconnectPush)
  else message(writer, 12, push.refresh, refreshResult)
}

let writer = new BinaryWriter()
const keptBytes = 65_536

/** Messages written by `write`, in an array of their own. The writer's buffer is used again, unless it has grown large. */
function written<T>(value: T, write: (writer: BinaryWriter, value: T) => void): Uint8Array {
  const current = writer
  let bytes: Uint8Array | undefined
  try {
    write(current, value)
    bytes = current.finish()
    return bytes
  } finally {
    // One that has failed stands in the middle of a message.
    if (!bytes || bytes.byteLength > keptBytes) writer = new BinaryWriter()
  }
}

function delimited<T>(to: BinaryWriter, value: T, write: (writer: BinaryWriter, value: T) => void): void {
  to.fork()
  write(to, value)
  to.join()
}

function wrappedPush(to: BinaryWriter, push: Push): void {
  message(to, 4, push, barePush)
}

/** One reply behind its length. */
export function encodeReplyProtobuf(answer: Reply): Uint8Array {
  return written(answer, (to, value) => delimited(to, value, reply))
}

/** One push, wrapped as a reply as bidirectional connections get it, behind its length. */
export function encodePushProtobuf(push: Push): Uint8Array {
  return written(push, (to, value) => delimited(to, value, wrappedPush))
}

/** A channel's publications as pushes, each behind its length. */
export function encodePublicationsProtobuf(channel: string, list: readonly Publication[]): Uint8Array {
  return written(list, (to, value) => {
    for (const pub of value) delimited(to, { channel, pub }, wrappedPush)
  })
}
