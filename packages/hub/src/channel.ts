import { disconnect, isDisconnect, type Disconnect, type Publication, type StreamPosition } from '@backchannel/protocol'
import type { Flusher } from './fanout.ts'
import type { Variant } from './variant.ts'
import type { Writer } from './writer.ts'

/** A log that has grown to this much text is handed on before the tick ends, so that one tick can't hold all memory. */
const eagerLogLength = 64 * 1024

/** Somebody who hears a channel. */
export interface Subscriber {
  readonly variant: Variant
  readonly writer: Writer
  /** Whether gaps must not go unnoticed. */
  readonly positioned: boolean
  /** The place among the members that share its variant; the channel's own note, -1 outside. */
  seat: number
  /** Publications were missed: the subscriber is no member any more and has to recover. */
  onGap(): void
  /** The variant can't carry what was published. */
  onUnsendable(reason: Disconnect): void
}

interface Group {
  readonly variant: Variant
  readonly members: Subscriber[]
  /**
   * The members' writers, seat by seat, which the fan-out walks for every batch. A Set is slower; the way through the
   * members loads another object per delivery, which is 2 % of its cost.
   */
  readonly writers: Writer[]
}

/** A subscriber whose own position may lie before what is still on its way from the broker. */
interface Ahead {
  readonly subscriber: Subscriber
  readonly position: StreamPosition
}

/** What is published while a subscription is being made. */
export type JoinBuffer = { readonly publication: Publication; readonly epoch: string }[]

/**
 * One channel's local subscribers and the log of its tick.
 *
 * The log is the unit of fan-out: at the end of the tick it is encoded once per variant and handed to every writer.
 * Whoever changes the membership flushes it first, so a batch always has one set of recipients.
 */
export class Channel {
  readonly name: string
  readonly #flusher: Flusher
  readonly #groups: Group[] = []
  readonly #ahead: Ahead[] = []
  readonly #joining = new Set<JoinBuffer>()
  #log: Publication[] = []
  #logLength = 0
  /** Of the last publication that was delivered here; unknown until there is one. */
  #position: StreamPosition | undefined

  constructor(name: string, flusher: Flusher) {
    this.name = name
    this.#flusher = flusher
  }

  /** Nobody hears it or is about to. */
  get idle(): boolean {
    return this.#groups.length === 0 && this.#ahead.length === 0 && this.#joining.size === 0
  }

  get subscriberCount(): number {
    return this.#groups.reduce((sum, group) => sum + group.members.length, this.#ahead.length)
  }

  /** From now on publications are also kept for a subscription that is being made. */
  beginJoin(): JoinBuffer {
    const buffer: JoinBuffer = []
    this.#joining.add(buffer)
    return buffer
  }

  endJoin(buffer: JoinBuffer): void {
    this.#joining.delete(buffer)
  }

  /**
   * Makes a subscriber a member. The caller has flushed before it queued its reply, so the reply stands before this
   * channel's pushes and behind everything older.
   * @param position where the subscriber stands in the stream, when it is positioned
   */
  add(subscriber: Subscriber, position?: StreamPosition): void {
    this.flush()
    const known = this.#position
    const aligned = !position || (known && known.offset === position.offset && known.epoch === position.epoch)
    if (aligned) this.#seat(subscriber)
    else this.#ahead.push({ subscriber, position })
  }

  /** The subscriber hears nothing that is published from now on, and everything from before. */
  remove(subscriber: Subscriber): void {
    this.flush()
    if (subscriber.seat >= 0) this.#unseat(subscriber)
    else {
      const index = this.#ahead.findIndex((entry) => entry.subscriber === subscriber)
      if (index >= 0) this.#ahead.splice(index, 1)
    }
  }

  /** A publication from the broker, in the order of the stream. `epoch` is empty without history. */
  publish(publication: Publication, epoch: string): void {
    const { offset } = publication
    if (offset > 0 && !this.#advance(offset, epoch)) return
    for (const buffer of this.#joining) buffer.push({ publication, epoch })
    if (this.#ahead.length > 0) this.#settleAhead(publication, epoch)
    if (this.#groups.length > 0) this.#append(publication)
  }

  /**
   * Encodes the log and queues it for every member. Changes no membership, and writes to no socket unless it is the
   * only channel of a tick that ends.
   */
  flush(isOnly = false): void {
    if (this.#log.length === 0) return
    const log = this.#log
    this.#log = []
    this.#logLength = 0
    for (const group of this.#groups) {
      const { writers } = group
      const bytes = this.#encode(group, log)
      if (!bytes) continue
      if (isOnly) for (let index = 0; index < writers.length; index++) writers[index]?.send(bytes)
      else for (let index = 0; index < writers.length; index++) writers[index]?.enqueue(bytes)
    }
  }

  #encode(group: Omit<Group, 'writers'>, log: readonly Publication[]): Uint8Array | undefined {
    try {
      return group.variant.encode(this.name, log)
    } catch (error) {
      if (!isDisconnect(error)) this.#flusher.report(error)
      const reason = isDisconnect(error) ? error : disconnect('serverError')
      const members = [...group.members]
      this.#flusher.afterFlush(() => {
        for (const member of members) member.onUnsendable(reason)
      })
      return undefined
    }
  }

  #append(publication: Publication): void {
    if (this.#log.length === 0) this.#flusher.channelDirty(this)
    this.#log.push(publication)
    this.#logLength += publication.data.length
    if (this.#logLength >= eagerLogLength) this.flush()
  }

  /**
   * Moves the channel's position on. False for a publication that was delivered before. A gap or a new epoch leaves
   * every positioned member without a place to go on from.
   */
  #advance(offset: number, epoch: string): boolean {
    const known = this.#position
    if (known && known.epoch === epoch && offset <= known.offset) return false
    this.#position = { offset, epoch }
    if (!known || (known.epoch === epoch && offset === known.offset + 1)) return true
    this.flush()
    const lost = this.#groups.flatMap((group) => group.members.filter((member) => member.positioned))
    for (const member of lost) {
      this.#unseat(member)
      member.onGap()
    }
    return true
  }

  /** Before a publication: who stands right before it joins the others, who is past it waits on. */
  #settleAhead(publication: Publication, epoch: string): void {
    const { offset } = publication
    const lost: Subscriber[] = []
    for (const entry of this.#ahead.splice(0)) {
      const { subscriber, position } = entry
      if (offset === 0) {
        // Not in the stream: it says nothing of where the subscriber stands, and belongs to everybody who listens.
        const bytes = this.#encode({ variant: subscriber.variant, members: [subscriber] }, [publication])
        if (bytes) subscriber.writer.enqueue(bytes)
        this.#ahead.push(entry)
      } else if (epoch === position.epoch && offset <= position.offset) {
        this.#ahead.push(entry)
      } else if (epoch === position.epoch && offset === position.offset + 1) {
        this.flush()
        this.#seat(subscriber)
      } else lost.push(subscriber)
    }
    // Only now that the others have their places: who leaves last lets go of the channel.
    for (const subscriber of lost) subscriber.onGap()
  }

  #seat(subscriber: Subscriber): void {
    let group = this.#groups.find((candidate) => candidate.variant.key === subscriber.variant.key)
    if (!group) {
      group = { variant: subscriber.variant, members: [], writers: [] }
      this.#groups.push(group)
    }
    subscriber.seat = group.members.length
    group.members.push(subscriber)
    group.writers.push(subscriber.writer)
  }

  #unseat(subscriber: Subscriber): void {
    const index = this.#groups.findIndex((candidate) => candidate.variant.key === subscriber.variant.key)
    const group = this.#groups[index]
    const last = group?.members.pop()
    if (!group || !last) return
    const { members, writers } = group
    writers.pop()
    if (last !== subscriber) {
      members[subscriber.seat] = last
      writers[subscriber.seat] = last.writer
      last.seat = subscriber.seat
    }
    subscriber.seat = -1
    if (members.length === 0) this.#groups.splice(index, 1)
  }
}
