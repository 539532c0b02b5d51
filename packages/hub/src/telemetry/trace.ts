/** On demand: what one client, one user or one channel says and hears, line by line. Nothing else costs anything. */
import type { Command, Payload, Publication, Push, Reply } from '@backchannel/protocol'
import type { Session } from '../session/session.ts'

/** Whom to follow; one of them. */
export type TraceTarget =
  | { readonly client: string }
  /** All of a user's connections, also those to come; connect itself is seen by its answer. */
  | { readonly user: string }
  | { readonly channel: string }

export interface TraceOptions {
  /** Where the events go. @default the hub's logger, at level debug */
  onEvent?: (event: TraceEvent) => void
  /** Ends by itself after so many. @default 10000 */
  maxEvents?: number
}

export interface TraceEvent {
  readonly event: 'command' | 'reply' | 'push' | 'publication' | 'disconnect'
  /** Whose connection; not with `publication`, which stands for everybody in the channel. */
  readonly client?: string
  readonly user?: string
  readonly channel?: string
  /** The message; tokens and keys are left out, data is cut after some hundred characters. */
  readonly message: object
}

interface Trace {
  readonly target: TraceTarget
  readonly onEvent: (event: TraceEvent) => void
  left: number
}

const targets: ReadonlySet<string> = new Set(['client', 'user', 'channel'])
const maxTraces = 16
const defaultMaxEvents = 10_000
const maxText = 512
const maxItems = 16
const maxDepth = 8
/** Whoever has one of these is somebody: what a log holds is read by others. */
const secrets: ReadonlySet<string> = new Set(['token', 'session', 'headers'])
const redacted = '[redacted]'

export class Tracer {
  readonly #log: (event: TraceEvent) => void
  readonly #traces = new Set<Trace>()

  /** @param log where the events go that no trace takes itself */
  constructor(log: (event: TraceEvent) => void) {
    this.#log = log
  }

  /** Asked before every message. */
  get isActive(): boolean {
    return this.#traces.size > 0
  }

  /**
   * @returns a function that ends it
   * @throws TypeError for a target that is none
   * @throws RangeError when there are too many already
   */
  start(target: TraceTarget, { onEvent, maxEvents = defaultMaxEvents }: TraceOptions = {}): () => void {
    const given: readonly (readonly [string, unknown])[] = Object.entries(target)
    const [first] = given
    if (given.length !== 1 || !first || !targets.has(first[0]) || typeof first[1] !== 'string') {
      throw new TypeError('trace: expected one of { client }, { user } and { channel }, a text')
    }
    if (!(maxEvents > 0)) throw new RangeError('trace: maxEvents: expected a number above 0')
    if (this.#traces.size >= maxTraces) throw new RangeError(`trace: there are ${maxTraces} already`)
    const trace: Trace = { target: { ...target }, onEvent: onEvent ?? this.#log, left: maxEvents }
    this.#traces.add(trace)
    return () => void this.#traces.delete(trace)
  }

  command(session: Session, command: Command): void {
    this.#ofSession('command', session, channelOf(command), command)
  }

  reply(session: Session, reply: Reply): void {
    this.#ofSession('reply', session, undefined, reply)
  }

  push(session: Session, push: Push): void {
    this.#ofSession('push', session, channelOf(push), push)
  }

  disconnect(session: Session, reason: { readonly code: number; readonly reason: string }): void {
    this.#ofSession('disconnect', session, undefined, { code: reason.code, reason: reason.reason })
  }

  /** Once for the channel, and not for each of its subscribers. @param hears whether a client or user is among them */
  publication(channel: string, publication: Publication, hears: (target: TraceTarget) => boolean): void {
    this.#tell(
      (target) => ('channel' in target ? target.channel === channel : hears(target)),
      () => ({ event: 'publication', channel, message: shown(publication) }),
    )
  }

  #ofSession(event: TraceEvent['event'], session: Session, channel: string | undefined, message: object): void {
    const { client, user } = session
    this.#tell(
      (target) => {
        if ('client' in target) return target.client === client
        return 'user' in target ? target.user === user && session.state !== 'connecting' : target.channel === channel
      },
      () => ({ event, client, user, ...(channel === undefined ? {} : { channel }), message: shown(message) }),
    )
  }

  #tell(matches: (target: TraceTarget) => boolean, make: () => TraceEvent): void {
    let event: TraceEvent | undefined
    for (const trace of this.#traces) {
      if (!matches(trace.target)) continue
      event ??= make()
      trace.left -= 1
      if (trace.left <= 0) this.#traces.delete(trace)
      try {
        trace.onEvent(event)
      } catch {
        // Who looks on must not disturb what is looked at.
        this.#traces.delete(trace)
      }
    }
  }
}

function channelOf(message: object): string | undefined {
  for (const value of [message, ...Object.values(message)] as unknown[]) {
    if (typeof value === 'object' && value !== null && 'channel' in value && typeof value.channel === 'string') {
      return value.channel
    }
  }
  return undefined
}

function shown(message: object): object {
  return show(message, 0) as object
}

function show(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cut(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return bytesOf(value)
  if (depth >= maxDepth) return '…'
  if (Array.isArray(value)) return some(value, (item) => show(item, depth + 1))
  const entries: [string, unknown][] = value instanceof Map ? Array.from(value) : Object.entries(value)
  const members = entries.slice(0, maxItems).map(([name, member]): [string, unknown] => [
    name,
    // What is empty is no secret, and tells that there was none.
    secrets.has(name) && member !== '' ? redacted : show(member, depth + 1),
  ])
  if (entries.length > maxItems) members.push(['…', entries.length - maxItems])
  return Object.fromEntries(members)
}

function some(values: readonly unknown[], one: (value: unknown) => unknown): unknown[] {
  const first = values.slice(0, maxItems).map(one)
  return values.length > maxItems ? [...first, `… and ${values.length - maxItems} more`] : first
}

function cut(text: string): string {
  return text.length > maxText ? `${text.slice(0, maxText)}… (${text.length} characters)` : text
}

function bytesOf(bytes: Exclude<Payload, string>): string {
  return `${bytes.byteLength} bytes`
}
