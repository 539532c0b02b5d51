/** Every wire there is: a codec and a framing each. */
import type { Wire } from './wire.ts'
import { jsonWire, uniJsonWire, type JsonFraming } from './json.ts'
import { protobufWire } from './protobuf.ts'
import { binaryFrame, textFrame } from './websocket-frame.ts'

const bytesOf = (text: string): Uint8Array => Buffer.from(text)
const asItIs = (messages: Uint8Array): Uint8Array => messages

/** As many messages as Centrifugo puts into one frame; a browser then handles one event for them. */
const webSocketFrame: JsonFraming = { start: '', separator: '\n', end: '', maxMessages: 16, frame: textFrame }
/** Frames are the library's, which compresses each: one message, whatever its length. */
const webSocketMessage: JsonFraming = { ...webSocketFrame, maxMessages: Number.POSITIVE_INFINITY, frame: bytesOf }
const lines: JsonFraming = { ...webSocketMessage, end: '\n' }
const events: JsonFraming = { ...lines, start: 'data: ', separator: '\n\ndata: ', end: '\n\n' }
/** Browsers' handlers of unidirectional connections parse each frame as one message. */
const singleFrame: JsonFraming = { ...webSocketFrame, maxMessages: 1 }

export const wires = {
  jsonWebSocket: jsonWire(webSocketFrame, 'ws'),
  jsonWebSocketMessage: jsonWire(webSocketMessage, 'ws-message'),
  jsonStream: jsonWire(lines, 'stream'),
  jsonEvents: jsonWire(events, 'sse'),
  protobufWebSocket: protobufWire(binaryFrame, 'ws'),
  protobufWebSocketMessage: protobufWire(asItIs, 'ws-message'),
  protobufStream: protobufWire(asItIs, 'stream'),
  uniWebSocket: uniJsonWire(singleFrame, 'ws'),
  uniWebSocketJoined: uniJsonWire(webSocketFrame, 'ws-joined'),
  uniWebSocketMessage: uniJsonWire(webSocketMessage, 'ws-message'),
  uniStream: uniJsonWire(lines, 'stream'),
  uniEvents: uniJsonWire(events, 'sse'),
} as const satisfies Record<string, Wire>
