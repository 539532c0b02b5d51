/**
 * Centrifugo's JSON protocol over WebSocket, in two variants: `json/ws`, whose bytes are frames to be written as they
 * are, and `json/ws-message`, whose bytes are messages that the library frames and compresses per connection.
 */
import {
  decodeCommand,
  encodeClientInfo,
  encodePublication,
  encodePush,
  encodeReply,
  jsonPing,
  splitFrame,
} from '@backchannel/protocol'
import type { ChannelEvent } from '../variant.ts'
import type { Wire } from '../wire.ts'
import { textFrame } from './websocket-frame.ts'

/** As many messages as Centrifugo puts into one frame; a browser then handles one event for them. */
const maxMessagesInFrame = 16

export const jsonWebSocket: Wire = {
  key: 'json/ws',

  encode(channel, events) {
    if (events.length <= maxMessagesInFrame) return textFrame(pushes(channel, events))
    const frames: Buffer[] = []
    for (let start = 0; start < events.length; start += maxMessagesInFrame) {
      frames.push(textFrame(pushes(channel, events.slice(start, start + maxMessagesInFrame))))
    }
    return Buffer.concat(frames)
  },

  split: splitFrame,
  decode: decodeCommand,
  reply: (reply) => textFrame(encodeReply(reply)),
  push: (push) => textFrame(encodePush(push)),
  ping: textFrame(jsonPing),
  isPong,
}

export const jsonWebSocketMessage: Wire = {
  key: 'json/ws-message',
  // One message whatever its length: each would be compressed and written on its own.
  encode: (channel, events) => Buffer.from(pushes(channel, events)),
  split: splitFrame,
  decode: decodeCommand,
  reply: (reply) => Buffer.from(encodeReply(reply)),
  push: (push) => Buffer.from(encodePush(push)),
  ping: Buffer.from(jsonPing),
  isPong,
}

function isPong(text: string): boolean {
  return text === jsonPing
}

/** Newline-joined pushes. */
function pushes(channel: string, events: readonly ChannelEvent[]): string {
  const prefix = `{"push":{"channel":${JSON.stringify(channel)},`
  let text = ''
  for (const event of events) text += (text === '' ? '' : '\n') + prefix + body(event)
  return text
}

function body(event: ChannelEvent): string {
  if (event.kind === 'publication') return `"pub":${encodePublication(event.publication)}}}`
  return `"${event.kind}":{"info":${encodeClientInfo(event.info)}}}}`
}
