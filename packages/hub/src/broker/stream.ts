import type { Publication, StreamPosition } from '@backchannel/protocol'
import type { HistoryPage, HistoryQuery } from './broker.ts'

/** The places of trimmed entries are given back in bulk, so that appending stays constant in time. */
const compactAfter = 64
/** Stands there until then: what was trimmed holds no memory. */
const trimmed: Publication = { data: '', offset: 0 }

/** The publication at its place. Most are bare data, and for those a literal takes a fraction of what spreading does. */
export function at(offset: number, publication: Omit<Publication, 'offset' | 'epoch' | 'delta'>): Publication {
  const { data, info, tags, version } = publication
  return info || tags || version ? { ...publication, offset } : { data, offset }
}

/** A channel's bounded history: publications with growing offsets under one epoch. Pure: time is the broker's. */
export class Stream {
  readonly epoch: string
  #top = 0
  /** Publications, oldest first, from `#head` on. */
  #items: Publication[] = []
  #head = 0
  #version = 0
  #versionEpoch = ''

  constructor(epoch: string) {
    this.epoch = epoch
  }

  get position(): StreamPosition {
    return { offset: this.#top, epoch: this.epoch }
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  /** Whether a publication with this version has been overtaken. */
  isStale(version: number, versionEpoch: string): boolean {
    return version > 0 && version <= this.#version && (versionEpoch === '' || versionEpoch === this.#versionEpoch)
  }

  /** Gives the publication the next offset and keeps it; at most `size` stay. */
  append(publication: Omit<Publication, 'offset'>, size: number, version: number, versionEpoch: string): Publication {
    const offset = ++this.#top
    const appended = offset === 1 ? { ...at(offset, publication), epoch: this.epoch } : at(offset, publication)
    this.#items.push(appended)
    if (this.length > size) {
      const head = this.#items.length - size
      while (this.#head < head) this.#items[this.#head++] = trimmed
    }
    if (this.#head > compactAfter && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    if (version > 0) {
      this.#version = version
      this.#versionEpoch = versionEpoch
    }
    return appended
  }

  /** Drops what is kept; position and version stay. */
  clear(): void {
    this.#items = []
    this.#head = 0
  }

  read({ limit, since, reverse }: HistoryQuery): HistoryPage {
    const position = this.position
    if (limit === 0 || this.length === 0) return { publications: [], position }
    // Nothing stands before a place that the stream has not reached.
    if (since && since.offset > this.#top + 1) return { publications: [], position }
    const oldest = this.#items[this.#head]?.offset ?? 1
    // Offsets are dense, so an offset is an index.
    const indexOf = (offset: number): number => this.#head + Math.max(0, offset - oldest)
    const end = this.#items.length
    if (reverse) {
      const before = since ? Math.min(indexOf(since.offset), end) : end
      const first = limit < 0 ? this.#head : Math.max(this.#head, before - limit)
      return { publications: this.#items.slice(first, before).reverse(), position }
    }
    const from = since ? Math.min(indexOf(since.offset + 1), end) : this.#head
    return { publications: this.#items.slice(from, limit < 0 ? end : Math.min(end, from + limit)), position }
  }
}
