import type { Publication } from '@backchannel/protocol'

/** As much as a whole connection may have in its queue. */
const maxLength = 1024 * 1024
/** What an entry takes beside its data, about. */
const entryLength = 64

/**
 * What is published while a subscription is being made. Bounded: a broker that answers late, or never, must not make
 * the hub keep everything that is published meanwhile.
 */
export class JoinBuffer {
  readonly entries: { readonly publication: Publication; readonly epoch: string }[] = []
  #length = 0

  /** Something did not fit: what was read from the history has no continuation here. */
  get hasOverflowed(): boolean {
    return this.#length > maxLength
  }

  push(publication: Publication, epoch: string): void {
    this.#length += publication.data.length + entryLength
    if (this.hasOverflowed) this.entries.length = 0
    else this.entries.push({ publication, epoch })
  }
}
