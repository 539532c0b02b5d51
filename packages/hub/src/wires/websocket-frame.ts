/** The server's frames of RFC 6455: unmasked and final. Built once and written to many. */

const textOpcode = 0x81
const binaryOpcode = 0x82

/** A text frame; text and header share one allocation. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const { frame, start } = emptyFrame(textOpcode, length)
  frame.write(text, start)
  return frame
}

export function binaryFrame(bytes: Uint8Array): Buffer {
  const { frame, start } = emptyFrame(binaryOpcode, bytes.byteLength)
  frame.set(bytes, start)
  return frame
}

function emptyFrame(opcode: number, length: number): { frame: Buffer; start: number } {
  if (length < 126) {
    const frame = Buffer.allocUnsafe(2 + length)
    frame[0] = opcode
    frame[1] = length
    return { frame, start: 2 }
  }
  if (length < 65_536) {
    const frame = Buffer.allocUnsafe(4 + length)
    frame[0] = opcode
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
    return { frame, start: 4 }
  }
  const frame = Buffer.allocUnsafe(10 + length)
  frame[0] = opcode
  frame[1] = 127
  frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2)
  frame.writeUInt32BE(length >>> 0, 6)
  return { frame, start: 10 }
}
