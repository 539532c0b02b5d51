import {
  disconnect,
  isDisconnect,
  type ClientInfo,
  type Disconnect,
  type Publication,
  type StreamPosition,
} from '@backchannel/protocol'
import { patchOf } from './delta.ts'
import type { Flusher } from './fanout.ts'
import { JoinBuffer } from './join-buffer.ts'
import type { TagsFilter } from './tags-filter.ts'
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
  /** Gets patches of what it heard last in place of whole publications. */
  readonly delta?: boolean
  /** Hears only what it lets through. */
  readonly filter?: TagsFilter | undefined
  /** Hears who comes and goes. */
  readonly hearsMembership?: boolean
  /** The place among the members of its group; the channel's own note, -1 outside. */
  seat: number
  /** Publications were missed: the subscriber is no member any more and has to recover. */
  onGap(): void
  /** The variant can't carry what was published. */
  onUnsendable(reason: Disconnect): void
}

/** Members who get the very same bytes. */
interface Group {
  readonly variant: Variant
  readonly filter: TagsFilter | undefined
  readonly delta: boolean
  /** With delta: what every member heard last. Undefined: not known, so the next publication goes out whole. */
  base: Publication | undefined
  readonly members: Subscriber[]
  /**
   * The members' writers, seat by seat, which the fan-out walks for every batch. A Set is slower; the way through the
   * members loads another object per delivery, which is 2 % of its cost.
   */
  readonly writers: Writer[]
}

/** Made once for all groups with delta, which differ in their variants only. */
interface Patch {
  readonly base: Publication
  readonly publication: Publication
}

/** A subscriber whose own position may lie before what is still on its way from the broker. */
interface Ahead {
  readonly subscriber: Subscriber
  readonly position: StreamPosition
  base: Publication | undefined
}

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
  /** No members any more, and still to be told. */
  #lost: Subscriber[] = []
  readonly #joining = new Set<JoinBuffer>()
  /** Who hears of others' coming and going. */
  readonly #hearers = new Set<Subscriber>()
  #log: Publication[] = []
  /** Of the log, what was published to be sent as a patch, and the patch that was made of it last. */
  readonly #patchable = new Map<Publication, Patch | undefined>()
  #logLength = 0
  /** Of the last publication that was delivered here; unknown until there is one. */
  #position: StreamPosition | undefined
  #wasHeard = false

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

  /** Whether everybody who is positioned here stands at this position of the stream. */
  standsAt(position: StreamPosition): boolean {
    const isThere = (own: StreamPosition | undefined): boolean =>
      own?.offset === position.offset && own.epoch === position.epoch
    return (
      (!this.#hasPositionedMembers || isThere(this.#position)) && this.#ahead.every((entry) => isThere(entry.position))
    )
  }

  get hasPositioned(): boolean {
    return this.#ahead.length > 0 || this.#hasPositionedMembers
  }

  /** Whether something of the stream has come since this was last asked. */
  takeWasHeard(): boolean {
    const was = this.#wasHeard
    this.#wasHeard = false
    return was
  }

  /** From now on publications are also kept for a subscription that is being made. */
  beginJoin(): JoinBuffer {
    const buffer = new JoinBuffer()
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
   * @param base what it has heard last, when that is known; patches begin with it
   */
  add(subscriber: Subscriber, position?: StreamPosition, base?: Publication): void {
    this.flush()
    if (subscriber.hearsMembership) this.#hearers.add(subscriber)
    const known = this.#position
    const aligned = !position || (known && known.offset === position.offset && known.epoch === position.epoch)
    if (aligned) this.#seat(subscriber, base)
    else this.#ahead.push({ subscriber, position, base })
  }

  /** The subscriber hears nothing that is published from now on, and everything from before. */
  remove(subscriber: Subscriber): void {
    this.flush()
    this.#hearers.delete(subscriber)
    if (subscriber.seat >= 0) this.#unseat(subscriber)
    else {
      const index = this.#ahead.findIndex((entry) => entry.subscriber === subscriber)
      if (index >= 0) this.#ahead.splice(index, 1)
    }
  }

  /**
   * A publication from the broker, in the order of the stream.
   * @param epoch empty without history
   * @param isPatchable whether subscribers with delta may get it as a patch
   */
  publish(publication: Publication, epoch: string, isPatchable = false): void {
    const { offset } = publication
    if (offset > 0) {
      this.#wasHeard = true
      if (!this.#advance(offset, epoch)) return
    }
    for (const buffer of this.#joining) buffer.push(publication, epoch)
    if (this.#ahead.length > 0) this.#settleAhead(publication, epoch)
    if (this.#groups.length > 0) {
      if (isPatchable && offset > 0) this.#patchable.set(publication, undefined)
      this.#append(publication)
    }
    if (this.#lost.length > 0) this.#tellLost()
  }

  /** Somebody came or went. It is no part of the stream: who is not there does not hear of it later. */
  tellMembership(event: 'join' | 'leave', info: ClientInfo): void {
    if (this.#hearers.size === 0) return
    this.flush()
    const encoded = new Map<Variant, Uint8Array | undefined>()
    for (const hearer of this.#hearers) {
      const { variant } = hearer
      if (!encoded.has(variant)) encoded.set(variant, this.#encodeMembership(variant, event, info))
      const bytes = encoded.get(variant)
      if (bytes) hearer.writer.enqueue(bytes)
    }
  }

  /** The stream went on without this channel's hearing it: who must not miss anything has. */
  loseStream(): void {
    this.#dropPositioned()
    for (const { subscriber } of this.#ahead.splice(0)) this.#lost.push(subscriber)
    this.#tellLost()
  }

  /**
   * Once a publication has its place: the app, which hears of it, may publish at once. And once the others have theirs:
   * who leaves last lets go of the channel.
   */
  #tellLost(): void {
    const lost = this.#lost
    this.#lost = []
    for (const subscriber of lost) subscriber.onGap()
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
    let hasNewBase = false
    for (const group of this.#groups) {
      const { writers } = group
      const publications = this.#publicationsFor(group, log)
      if (group.delta) {
        hasNewBase ||= group.base === undefined
        group.base = log.at(-1)
      }
      const bytes = publications.length === 0 ? undefined : this.#encode(group, publications)
      if (!bytes) continue
      this.#flusher.deliveries.add(publications.length * writers.length, group.variant.key)
      if (isOnly) for (let index = 0; index < writers.length; index++) writers[index]?.send(bytes)
      else for (let index = 0; index < writers.length; index++) writers[index]?.enqueue(bytes)
    }
    this.#patchable.clear()
    if (hasNewBase) this.#mergeGroups()
  }

  /** What of the log a group's members hear. */
  #publicationsFor({ filter, delta, base }: Group, log: readonly Publication[]): readonly Publication[] {
    if (filter) return log.filter(({ tags }) => filter.matches(tags))
    if (!delta || this.#patchable.size === 0) return log
    return log.map((publication, index) => {
      const previous = index === 0 ? base : log[index - 1]
      const isNext = previous && previous.offset > 0 && previous.offset === publication.offset - 1
      return isNext && this.#patchable.has(publication) ? this.#patch(previous, publication) : publication
    })
  }

  #patch(base: Publication, publication: Publication): Publication {
    const known = this.#patchable.get(publication)
    if (known?.base === base) return known.publication
    const patch = patchOf(base, publication)
    this.#patchable.set(publication, { base, publication: patch })
    return patch
  }

  #encode(
    { variant, members }: Pick<Group, 'variant' | 'members'>,
    log: readonly Publication[],
  ): Uint8Array | undefined {
    try {
      return variant.encode(this.name, log)
    } catch (error) {
      this.#endUnsendable([...members], error)
      return undefined
    }
  }

  #encodeMembership(variant: Variant, event: 'join' | 'leave', info: ClientInfo): Uint8Array | undefined {
    try {
      return variant.encodeMembership?.(this.name, event, info)
    } catch (error) {
      this.#endUnsendable(
        Array.from(this.#hearers).filter((hearer) => hearer.variant === variant),
        error,
      )
      return undefined
    }
  }

  /** Once the tick is over: in the middle of it nobody's membership may change. */
  #endUnsendable(members: readonly Subscriber[], error: unknown): void {
    if (!isDisconnect(error)) this.#flusher.report(error)
    const reason = isDisconnect(error) ? error : disconnect('serverError')
    this.#flusher.afterFlush(() => {
      for (const member of members) member.onUnsendable(reason)
    })
  }

  get #hasPositionedMembers(): boolean {
    return this.#groups.some(({ members }) => members.some(({ positioned }) => positioned))
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
    this.#dropPositioned()
    return true
  }

  #dropPositioned(): void {
    this.flush()
    const lost = this.#groups.flatMap((group) => group.members.filter((member) => member.positioned))
    for (const member of lost) {
      this.#unseat(member)
      this.#lost.push(member)
    }
  }

  /** Before a publication: who stands right before it joins the others, who is past it waits on. */
  #settleAhead(publication: Publication, epoch: string): void {
    const { offset } = publication
    for (const entry of this.#ahead.splice(0)) {
      const { subscriber, position } = entry
      if (offset === 0) {
        // Not in the stream: it says nothing of where the subscriber stands, and belongs to everybody who listens.
        const isHeard = subscriber.filter?.matches(publication.tags) ?? true
        const bytes = isHeard && this.#encode({ variant: subscriber.variant, members: [subscriber] }, [publication])
        if (bytes) subscriber.writer.enqueue(bytes)
        this.#ahead.push({ ...entry, base: undefined })
      } else if (epoch === position.epoch && offset <= position.offset) {
        this.#ahead.push(entry)
      } else if (epoch === position.epoch && offset === position.offset + 1) {
        this.flush()
        this.#seat(subscriber, entry.base)
      } else this.#lost.push(subscriber)
    }
  }

  #seat(subscriber: Subscriber, heard: Publication | undefined): void {
    const { variant, filter, delta = false } = subscriber
    const base = delta ? heard : undefined
    let group = this.#groups.find((candidate) => isGroupOf(candidate, subscriber) && isSameBase(candidate.base, base))
    if (!group) {
      group = { variant, filter, delta, base, members: [], writers: [] }
      this.#groups.push(group)
    }
    subscriber.seat = group.members.length
    group.members.push(subscriber)
    group.writers.push(subscriber.writer)
  }

  #unseat(subscriber: Subscriber): void {
    const index = this.#groups.findIndex(({ members }) => members[subscriber.seat] === subscriber)
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

  /** After a publication everybody with delta has heard the same last: those who had not come together. */
  #mergeGroups(): void {
    for (const group of this.#groups.filter(({ delta }) => delta)) {
      const kept = this.#groups.find(({ delta, variant }) => delta && variant.key === group.variant.key)
      if (!kept || kept === group) continue
      this.#groups.splice(this.#groups.indexOf(group), 1)
      for (const member of group.members) {
        member.seat = kept.members.length
        kept.members.push(member)
        kept.writers.push(member.writer)
      }
    }
  }
}

function isGroupOf(group: Group, { variant, filter, delta = false }: Subscriber): boolean {
  return group.variant.key === variant.key && group.filter?.key === filter?.key && group.delta === delta
}

/** Streams are told apart by the channel's position; here it is enough that the offset is the same. */
function isSameBase(one: Publication | undefined, other: Publication | undefined): boolean {
  return one?.offset === other?.offset
}
