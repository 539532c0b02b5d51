/** Every wire there is: a codec and a framing each. */
import type { Wire } from './wire.ts'
import { jsonWire, uniJsonWire, type JsonFraming } from './json.ts'
import { protobufWire } from './protobuf.ts'
import { binaryFrame, textFrame } from './websocket-frame.ts'

const bytesOf = (text: string): Uint8Array => Buffer.from(text)
const asItIs = (messages: Uint8Array): Uint8Array => messages

/** How messages become WebSocket frames. */
export interface WebSocketFraming {
  /** Part of the variants' keys. */
  readonly name: string
  readonly text: (text: string) => Uint8Array
  readonly binary: (bytes: Uint8Array) => Uint8Array
  /** The same for what one connection alone is sent, where that differs. */
  readonly own?: Pick<WebSocketFraming, 'text' | 'binary'>
  /** Messages of one text frame at most. */
  readonly maxMessages: number
}

export interface WebSocketWires {
  readonly json: Wire
  readonly protobuf: Wire
  /** Browsers' handlers of unidirectional connections parse each frame as one message. */
  readonly uni: Wire
  readonly uniJoined: Wire
}

export function webSocketWires({ name, text, binary, own, maxMessages }: WebSocketFraming): WebSocketWires {
  const framing: JsonFraming = {
    start: '',
    separator: '\n',
    end: '',
    maxMessages,
    frame: text,
    ...(own && { frameOwn: own.text }),
  }
  return {
    json: jsonWire(framing, name),
    protobuf: protobufWire(binary, name, own?.binary),
    uni: uniJsonWire({ ...framing, maxMessages: 1 }, name),
    uniJoined: uniJsonWire(framing, `${name}-joined`),
  }
}

const lines: JsonFraming = {
  start: '',
  separator: '\n',
  end: '\n',
  maxMessages: Number.POSITIVE_INFINITY,
  frame: bytesOf,
}
const events: JsonFraming = { ...lines, start: 'data: ', separator: '\n\ndata: ', end: '\n\n' }

export const wires = {
  /** As many messages as Centrifugo puts into one frame; a browser then handles one event for them. */
  webSocket: webSocketWires({ name: 'ws', text: textFrame, binary: binaryFrame, maxMessages: 16 }),
  jsonStream: jsonWire(lines, 'stream'),
  jsonEvents: jsonWire(events, 'sse'),
  protobufStream: protobufWire(asItIs, 'stream'),
  uniStream: uniJsonWire(lines, 'stream'),
  uniEvents: uniJsonWire(events, 'sse'),
} as const satisfies Record<string, Wire | WebSocketWires>
