/** The server's frames of RFC 6455: unmasked and final. Built once and written to many. */

export const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

const final = 0x80

/** Node's pool where there is one; other runtimes need not have it. */
const allocate: (length: number) => Uint8Array =
  typeof Buffer === 'undefined' ? (length) => new Uint8Array(length) : (length) => Buffer.allocUnsafe(length)

/** A text frame; text and header share one allocation. */
export function textFrame(text: string): Uint8Array {
  const length = Buffer.byteLength(text)
  const { frame, start } = emptyFrame(opcodes.text, length)
  ;(frame as Buffer).write(text, start)
  return frame
}

export function binaryFrame(bytes: Uint8Array): Uint8Array {
  return frameOf(opcodes.binary, bytes)
}

export function frameOf(opcode: number, payload: Uint8Array): Uint8Array {
  const { frame, start } = emptyFrame(opcode, payload.byteLength)
  frame.set(payload, start)
  return frame
}

function emptyFrame(opcode: number, length: number): { frame: Uint8Array; start: number } {
  const start = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = allocate(start + length)
  frame[0] = final | opcode
  if (start === 2) frame[1] = length
  else {
    frame[1] = start === 4 ? 126 : 127
    for (let at = start - 1, rest = length; at > 1; at--, rest = Math.floor(rest / 256)) frame[at] = rest % 256
  }
  return { frame, start }
}
