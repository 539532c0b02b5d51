import type { Writable } from 'node:stream'

/** Below it messages are copied together: a write of several buffers costs more than the copy. */
const copiedBytes = 16 * 1024

/** Whole messages in one write to the system, however many there are. */
export function writeBatch(stream: Writable, batch: readonly Uint8Array[]): void {
  const [first] = batch
  if (first && batch.length === 1) {
    stream.write(first)
    return
  }
  let length = 0
  for (const bytes of batch) length += bytes.byteLength
  if (length <= copiedBytes) {
    stream.write(Buffer.concat(batch, length))
    return
  }
  stream.cork()
  for (const bytes of batch) stream.write(bytes)
  stream.uncork()
}
