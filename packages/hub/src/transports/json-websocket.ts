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
import type { Wire } from '../wire.ts'
import { textFrame } from './websocket-frame.ts'

/** As many messages as Centrifugo puts into one frame; a browser then handles one event for them. */
const maxMessagesInFrame = 16

export const jsonWebSocket: Wire = {
  key: 'json/ws',

  encode(channel, publications) {
    if (publications.length <= maxMessagesInFrame) return textFrame(pushes(channel, publications))
    const frames: Buffer[] = []
    for (let start = 0; start < publications.length; start += maxMessagesInFrame) {
      frames.push(textFrame(pushes(channel, publications.slice(start, start + maxMessagesInFrame))))
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
  encode: (channel, publications) => Buffer.from(pushes(channel, publications)),
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
function pushes(channel: string, publications: readonly Publication[]): string {
  const prefix = `{"push":{"channel":${JSON.stringify(channel)},"pub":`
  let text = ''
  for (const publication of publications) {
    text += `${text === '' ? '' : '\n'}${prefix}${encodePublication(publication)}}}`
  }
  return text
}
