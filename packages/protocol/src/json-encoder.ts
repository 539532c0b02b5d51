/**
 * Centrifugo's JSON protocol, the server's side. Zero values are left out as Protobuf's JSON does, but for the fields
 * that clients rely on; keys stand in the order of their field numbers. Text is put together by hand: `data` goes in
 * as the text it already is, and there is no second walk over an object.
 */
import { disconnect } from './disconnects.ts'
import type { ErrorBody } from './errors.ts'
import type { Payload } from './payload.ts'
import type { Push } from './push.ts'
import { oneLine } from './raw-json.ts'
import type { ClientInfo, ConnectResult, Publication, Reply, SubscribeResult } from './reply.ts'

/** @throws Disconnect 3506 for bytes: JSON can't carry them. */
function textOf(data: Payload): string {
  if (typeof data !== 'string') throw disconnect('inappropriateProtocol')
  return data
}

function payload(data: Payload): string {
  return oneLine(textOf(data))
}

/** Collects `"key":value` pairs; the first decides whether a comma is due. */
class Members {
  #text = ''

  raw(key: string, json: string): this {
    this.#text += `${this.#text === '' ? '' : ','}"${key}":${json}`
    return this
  }

  string(key: string, value: string | undefined): this {
    return value ? this.raw(key, JSON.stringify(value)) : this
  }

  number(key: string, value: number | undefined): this {
    return value ? this.raw(key, String(value)) : this
  }

  flag(key: string, value: boolean | undefined): this {
    return value ? this.raw(key, 'true') : this
  }

  data(key: string, value: Payload | undefined): this {
    return value === undefined || value === '' ? this : this.raw(key, payload(value))
  }

  close(): string {
    return `{${this.#text}}`
  }
}

export function encodeClientInfo(info: ClientInfo): string {
  return new Members()
    .raw('user', JSON.stringify(info.user))
    .raw('client', JSON.stringify(info.client))
    .data('conn_info', info.connInfo)
    .data('chan_info', info.chanInfo)
    .close()
}

/** @param asString whether `data` goes in as a string that holds the text, as subscriptions with delta have it */
export function encodePublication(publication: Publication, asString = false): string {
  const rest = publicationRest(publication, asString)
  // Just the text that the next patch is made for.
  if (asString) return `{"data":${JSON.stringify(textOf(publication.data))}${rest}}`
  const data = payload(publication.data)
  return data === '' ? `{${rest.slice(1)}}` : `{"data":${data}${rest}}`
}

/** What stands behind the data, each member behind a comma. */
function publicationRest(publication: Publication, asString: boolean): string {
  let text = ''
  if (publication.info) text += `,"info":${encodeClientInfo(publication.info)}`
  if (publication.offset > 0) text += `,"offset":${publication.offset}`
  const { tags } = publication
  if (tags && Object.keys(tags).length > 0) text += `,"tags":${JSON.stringify(tags)}`
  if (publication.delta) text += ',"delta":true'
  // Centrifugo leaves these out of such publications in JSON: an app that relied on them here would miss them there.
  if (publication.epoch && !asString) text += `,"epoch":${JSON.stringify(publication.epoch)}`
  if (publication.version && !asString) text += `,"version":${publication.version}`
  return text
}

function subscribeResult(result: SubscribeResult): string {
  const members = new Members()
    .flag('expires', result.expires)
    .number('ttl', result.ttl)
    .flag('recoverable', result.recoverable)
    .string('epoch', result.epoch)
  if (result.publications && result.publications.length > 0) {
    const list = result.publications.map((publication) => encodePublication(publication, result.delta))
    members.raw('publications', `[${list.join(',')}]`)
  }
  return members
    .flag('recovered', result.recovered)
    .number('offset', result.offset)
    .flag('positioned', result.positioned)
    .data('data', result.data)
    .flag('was_recovering', result.wasRecovering)
    .flag('delta', result.delta)
    .close()
}

function mapOf<T>(entries: ReadonlyMap<string, T>, encode: (value: T) => string): string {
  return `{${Array.from(entries, ([key, value]) => `${JSON.stringify(key)}:${encode(value)}`).join(',')}}`
}

function expiry(result: { expires?: boolean; ttl?: number }): Members {
  return new Members().flag('expires', result.expires).number('ttl', result.ttl)
}

function encodeError(error: ErrorBody): string {
  return new Members()
    .number('code', error.code)
    .string('message', error.message)
    .flag('temporary', error.temporary)
    .close()
}

/** @param isPush whether in the order of a push, which has other field numbers */
function connectResult(result: ConnectResult, isPush = false): string {
  const members = new Members().string('client', result.client).string('version', result.version)
  if (!isPush) members.flag('expires', result.expires).number('ttl', result.ttl)
  members.data('data', result.data)
  if (result.subs && result.subs.size > 0) members.raw('subs', mapOf(result.subs, subscribeResult))
  if (isPush) members.flag('expires', result.expires).number('ttl', result.ttl)
  return members
    .number('ping', result.ping)
    .flag('pong', result.pong)
    .string('session', result.session)
    .string('node', result.node)
    .number('time', result.time)
    .close()
}

function replyBody(reply: Reply): readonly [string, string] {
  if ('error' in reply) return ['error', encodeError(reply.error)]
  if ('connect' in reply) return ['connect', connectResult(reply.connect)]
  if ('subscribe' in reply) return ['subscribe', subscribeResult(reply.subscribe)]
  if ('unsubscribe' in reply) return ['unsubscribe', '{}']
  if ('publish' in reply) return ['publish', '{}']
  if ('presence' in reply) return ['presence', `{"presence":${mapOf(reply.presence.presence, encodeClientInfo)}}`]
  if ('presenceStats' in reply) {
    const { numClients, numUsers } = reply.presenceStats
    return ['presence_stats', `{"num_clients":${numClients},"num_users":${numUsers}}`]
  }
  if ('history' in reply) {
    const { publications, epoch, offset } = reply.history
    const list = publications.map((publication) => encodePublication(publication)).join(',')
    return ['history', `{"publications":[${list}],"epoch":${JSON.stringify(epoch)},"offset":${offset}}`]
  }
  if ('rpc' in reply) return ['rpc', new Members().data('data', reply.rpc.data).close()]
  if ('refresh' in reply) return ['refresh', expiry(reply.refresh).close()]
  return ['sub_refresh', expiry(reply.subRefresh).close()]
}

/**
 * One reply's text, without a newline.
 * @throws Disconnect 3506 when it holds bytes.
 */
export function encodeReply(reply: Reply): string {
  const [key, body] = replyBody(reply)
  return reply.id === 0 ? `{"${key}":${body}}` : `{"id":${reply.id},"${key}":${body}}`
}

/**
 * One push's text, wrapped as a reply as bidirectional connections get it.
 * @throws Disconnect 3506 when it holds bytes.
 */
export function encodePush(push: Push): string {
  return `{"push":${encodeBarePush(push)}}`
}

/**
 * One push's text as unidirectional connections get it.
 * @throws Disconnect 3506 when it holds bytes.
 */
export function encodeBarePush(push: Push): string {
  const members = new Members()
  if ('channel' in push) members.string('channel', push.channel)
  if ('pub' in push) members.raw('pub', encodePublication(push.pub))
  else if ('join' in push) members.raw('join', `{"info":${encodeClientInfo(push.join.info)}}`)
  else if ('leave' in push) members.raw('leave', `{"info":${encodeClientInfo(push.leave.info)}}`)
  else if ('unsubscribe' in push) {
    const { code, reason } = push.unsubscribe
    members.raw('unsubscribe', new Members().number('code', code).string('reason', reason).close())
  } else if ('subscribe' in push) members.raw('subscribe', subscribeResult(push.subscribe))
  else if ('connect' in push) members.raw('connect', connectResult(push.connect, true))
  else if ('message' in push) members.raw('message', new Members().data('data', push.message.data).close())
  else if ('disconnect' in push) {
    const { code, reason } = push.disconnect
    members.raw('disconnect', new Members().number('code', code).string('reason', reason).close())
  } else members.raw('refresh', expiry(push.refresh).close())
  return members.close()
}

/** The server's ping, and the client's answer to it. */
export const jsonPing = '{}'
