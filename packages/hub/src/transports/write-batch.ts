import type { Writable } from 'node:stream'

/** Whole messages in one write to the system, however many there are. */
export function writeBatch(stream: Writable, batch: readonly Uint8Array[]): void {
  const [first] = batch
  if (first && batch.length === 1) {
    stream.write(first)
    return
  }
  stream.cork()
  for (const bytes of batch) stream.write(bytes)
  stream.uncork()
}
