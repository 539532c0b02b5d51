/** Differences between publications: Fossil's delta format, as the protocol's clients apply it. */
import type { Payload, Publication } from '@backchannel/protocol'
import { createDelta } from 'fossil-delta'

const encoder = new TextEncoder()
/** A patch is bytes and may begin or end within a character; then JSON can't carry it. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function bytesOf(data: Payload): Uint8Array {
  return typeof data === 'string' ? encoder.encode(data) : data
}

/**
 * The publication as a patch of the one that its receivers heard last; itself when a patch would not be shorter or
 * would be no text.
 */
export function patchOf(base: Publication, publication: Publication): Publication {
  const target = bytesOf(publication.data)
  const patch = createDelta(bytesOf(base.data), target)
  if (patch.byteLength >= target.byteLength) return publication
  try {
    return { ...publication, data: decoder.decode(patch), delta: true }
  } catch {
    return publication
  }
}

/** Recovered publications: the first whole, each further one as a patch of the one before. */
export function patchAll(publications: readonly Publication[]): Publication[] {
  return publications.map((publication, index) => {
    const base = publications[index - 1]
    return base ? patchOf(base, publication) : publication
  })
}
