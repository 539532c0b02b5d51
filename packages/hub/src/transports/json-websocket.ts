/**
 * Centrifugo's JSON protocol over WebSocket, in two variants: `json/ws`, whose bytes are frames to be written as they
 * are, and `json/ws-message`, whose bytes are messages that the library frames and compresses per connection.
 */
import {
  decodeCommand,
  encodePublication,
  encodePush,
  encodeReply,
  jsonPing,
  splitFrame,
  type Publication,
} from '@backchannel/protocol'
import type { Variant } from '../variant.ts'
import type { Frame, Wire } from '../wire.ts'
import { textFrame } from './websocket-frame.ts'

/** As many messages as Centrifugo puts into one frame; a browser then handles one event for them. */
const maxMessagesInFrame = 16

function frames(channel: string, publications: readonly Publication[], asString: boolean): Buffer {
  if (publications.length <= maxMessagesInFrame) return textFrame(pushes(channel, publications, asString))
  const list: Buffer[] = []
  for (let start = 0; start < publications.length; start += maxMessagesInFrame) {
    list.push(textFrame(pushes(channel, publications.slice(start, start + maxMessagesInFrame), asString)))
  }
  return Buffer.concat(list)
}

const webSocketMembership: Variant['encodeMembership'] = (channel, event, info) =>
  textFrame(encodePush(event === 'join' ? { channel, join: { info } } : { channel, leave: { info } }))

export const jsonWebSocket: Wire = {
  key: 'json/ws',
  encode: (channel, publications) => frames(channel, publications, false),
  encodeMembership: webSocketMembership,
  delta: {
    key: 'json+delta/ws',
    encode: (channel, publications) => frames(channel, publications, true),
    encodeMembership: webSocketMembership,
  },
  split: (frame) => splitFrame(textOf(frame)),
  decode: (command) => decodeCommand(textOf(command)),
  reply: (reply) => textFrame(encodeReply(reply)),
  push: (push) => textFrame(encodePush(push)),
  ping: textFrame(jsonPing),
  isPong,
}

const messageMembership: Variant['encodeMembership'] = (channel, event, info) =>
  Buffer.from(encodePush(event === 'join' ? { channel, join: { info } } : { channel, leave: { info } }))

export const jsonWebSocketMessage: Wire = {
  key: 'json/ws-message',
  // One message whatever its length: each would be compressed and written on its own.
  encode: (channel, publications) => Buffer.from(pushes(channel, publications, false)),
  encodeMembership: messageMembership,
  delta: {
    key: 'json+delta/ws-message',
    encode: (channel, publications) => Buffer.from(pushes(channel, publications, true)),
    encodeMembership: messageMembership,
  },
  split: (frame) => splitFrame(textOf(frame)),
  decode: (command) => decodeCommand(textOf(command)),
  reply: (reply) => Buffer.from(encodeReply(reply)),
  push: (push) => Buffer.from(encodePush(push)),
  ping: Buffer.from(jsonPing),
  isPong,
}

function textOf(frame: Frame): string {
  return typeof frame === 'string' ? frame : Buffer.from(frame).toString('utf8')
}

function isPong(command: Frame): boolean {
  return command === jsonPing
}

/** Newline-joined pushes. */
function pushes(channel: string, publications: readonly Publication[], asString: boolean): string {
  const prefix = `{"push":{"channel":${JSON.stringify(channel)},"pub":`
  let text = ''
  for (const publication of publications) {
    text += `${text === '' ? '' : '\n'}${prefix}${encodePublication(publication, asString)}}}`
  }
  return text
}
