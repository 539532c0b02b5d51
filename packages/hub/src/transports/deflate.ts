/**
 * permessage-deflate (RFC 7692) for many: without context takeover a compressed message is the same for every
 * connection, so it is made once and written to all of them like any other frame. Compressed for each connection by
 * itself, as the WebSocket library does it, a delivery cost ten times as much, and each connection kept a compressor of
 * 240 KB.
 */
import { constants, deflateRawSync } from 'node:zlib'
import { frameOf, opcodes } from '../wires/websocket-frame.ts'
import { webSocketWires, type WebSocketWires } from '../wires/wires.ts'

/** RSV1, which marks a compressed message. */
const compressed = 0x40
/** Every flushed block ends with as many bytes that say nothing; the receiver adds them. */
const tailLength = 4
/** What is shorter hardly ever shrinks. */
const worthwhile = 64
/**
 * What one connection alone is sent, such as a history, is compressed for it alone and while everybody else waits: a
 * millisecond for as many bytes. Longer ones are sent as they are.
 */
const maxOwnLength = 64 * 1024

export interface DeflateOptions {
  /** Bytes: what is shorter is sent as it is. */
  readonly compression_min_size: number
  /** zlib's, from 1, fastest, to 9, smallest. */
  readonly compression_level: number
}

/** For connections that have agreed to permessage-deflate without context takeover, with a window of 32 KiB. */
export function deflatingWires({ compression_min_size, compression_level: level }: DeflateOptions): WebSocketWires {
  const minLength = Math.max(worthwhile, compression_min_size)
  const frame = (opcode: number, payload: Uint8Array): Uint8Array => {
    if (payload.byteLength < minLength) return frameOf(opcode, payload)
    const block = deflateRawSync(payload, { level, finishFlush: constants.Z_SYNC_FLUSH })
    const length = block.byteLength - tailLength
    return length < payload.byteLength
      ? frameOf(opcode | compressed, block.subarray(0, length))
      : frameOf(opcode, payload)
  }
  const frameOwn = (opcode: number, payload: Uint8Array): Uint8Array =>
    payload.byteLength > maxOwnLength ? frameOf(opcode, payload) : frame(opcode, payload)
  return webSocketWires({
    name: 'ws-deflate',
    text: (text) => frame(opcodes.text, Buffer.from(text)),
    binary: (bytes) => frame(opcodes.binary, bytes),
    own: {
      text: (text) => frameOwn(opcodes.text, Buffer.from(text)),
      binary: (bytes) => frameOwn(opcodes.binary, bytes),
    },
    // One compressed message is smaller than several.
    maxMessages: Number.POSITIVE_INFINITY,
  })
}
