import type { Writable } from 'node:stream'

/**
 * Below it messages are copied together: a write of several buffers costs more than the copy. Not where the peer reads
 * slowly: what waits is shared with all other connections, and copies would be memory of its own.
 */
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
  if (length <= copiedBytes && stream.writableLength === 0) {
    stream.write(Buffer.concat(batch, length))
    return
  }
  stream.cork()
  for (const bytes of batch) stream.write(bytes)
  stream.uncork()
}
