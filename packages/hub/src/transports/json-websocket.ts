/** Centrifugo's JSON protocol over WebSocket: the variant `json/ws`. */
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
    const prefix = `{"push":{"channel":${JSON.stringify(channel)},`
    if (events.length === 1) return textFrame(prefix + body(events[0] as ChannelEvent))
    const frames: Buffer[] = []
    for (let start = 0; start < events.length; start += maxMessagesInFrame) {
      let text = ''
      const end = Math.min(start + maxMessagesInFrame, events.length)
      for (let index = start; index < end; index++) {
        text += (index === start ? '' : '\n') + prefix + body(events[index] as ChannelEvent)
      }
      frames.push(textFrame(text))
    }
    return frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames)
  },

  split: splitFrame,
  decode: decodeCommand,
  reply: (reply) => textFrame(encodeReply(reply)),
  push: (push) => textFrame(encodePush(push)),
  ping: textFrame(jsonPing),
}

function body(event: ChannelEvent): string {
  if (event.kind === 'publication') return `"pub":${encodePublication(event.publication)}}}`
  return `"${event.kind}":{"info":${encodeClientInfo(event.info)}}}}`
}
