/** The server's frames of RFC 6455: unmasked, final, text. Built once and written to many. */

const textOpcode = 0x81

/** A text frame around what `join` gives; text and header share one allocation. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  if (length < 126) {
    const frame = Buffer.allocUnsafe(2 + length)
    frame[0] = textOpcode
    frame[1] = length
    frame.write(text, 2)
    return frame
  }
  if (length < 65_536) {
    const frame = Buffer.allocUnsafe(4 + length)
    frame[0] = textOpcode
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
    frame.write(text, 4)
    return frame
  }
  const frame = Buffer.allocUnsafe(10 + length)
  frame[0] = textOpcode
  frame[1] = 127
  frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2)
  frame.writeUInt32BE(length >>> 0, 6)
  frame.write(text, 10)
  return frame
}
