/** The SSE driver: a Web-standard `Response` whose body is a connection. */
import { disconnect } from '@backchannel/protocol'
import type { Sink } from '../fanout/sink.ts'
import { isPromise } from '../maybe-promise.ts'
import { sseWire } from '../wires/events.ts'
import { Connection } from './connection.ts'
import type { EventCore } from './event-core.ts'
import { checkEventId, prepare } from './payloads.ts'
import type { EventStream } from './types.ts'

/**
 * A stream's queue. A stream of bytes would take the shared chunks away from the others, so it is one of objects whose
 * size is counted in bytes.
 */
class StreamSink implements Sink {
  readonly body: ReadableStream<Uint8Array>
  readonly #room: number
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #written = 0

  /** @param onCancel the client has gone */
  constructor(room: number, onCancel: () => void) {
    this.#room = room
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      this.#controller = controller
    }
    const cancel = (): void => {
      this.#controller = undefined
      onCancel()
    }
    this.body = new ReadableStream({ start, cancel }, { highWaterMark: room, size: (chunk) => chunk?.byteLength ?? 0 })
  }

  get bytesQueued(): number {
    return this.#room - (this.#controller?.desiredSize ?? this.#room)
  }

  /** Bytes that whoever reads the stream has taken, since the beginning. */
  get bytesTaken(): number {
    return this.#written - this.bytesQueued
  }

  write(batch: readonly Uint8Array[]): void {
    for (const bytes of batch) {
      this.#controller?.enqueue(bytes)
      this.#written += bytes.byteLength
    }
  }

  close(code: number, reason: string): void {
    // What a slow client has not read is given back: it would be held until it reads.
    if (code === slow) this.fail(reason)
    else {
      this.#controller?.close()
      this.#controller = undefined
    }
  }

  /** Ends it at once; nothing that is queued is read any more. */
  fail(reason: string): void {
    const error = new Error(`createRealtime: a stream has ended: ${reason}`)
    // Frameworks print it: where it was made helps nobody.
    error.stack = String(error)
    this.#controller?.error(error)
    this.#controller = undefined
  }
}

const slow = disconnect('slow').code
const normalClosure = 1000

export class SseConnection extends Connection {
  readonly handle: EventStream
  readonly #sink: StreamSink
  /** How much had been taken when the last heartbeat was due, if something was left to take. */
  #takenBefore: number | undefined

  constructor(core: EventCore, userId: string | undefined, resumption: Resumption) {
    const sink = new StreamSink(core.settings.maxBufferedBytes, () => this.gone())
    super(core, userId, sink)
    this.#sink = sink
    this.handle = streamHandle(this, resumption)
  }

  get body(): ReadableStream<Uint8Array> {
    return this.#sink.body
  }

  /** The client has gone: its body just ends. Frameworks that still read it would print an error for every closed tab. */
  vanish(): void {
    this.#sink.close(normalClosure, '')
    this.gone()
  }

  protected terminate(): void {
    this.#sink.fail('dropped')
  }

  /** A client that has taken nothing since the last heartbeat, although there was something to take. */
  protected isDead(): boolean {
    const { bytesTaken, bytesQueued } = this.#sink
    const isStalled = this.#takenBefore === bytesTaken
    this.#takenBefore = bytesQueued > 0 ? bytesTaken : undefined
    return isStalled
  }

  protected override onEnded(): void {
    // There is no goodbye to wait for: the body has ended.
    this.gone()
  }
}

export type Resumption = Pick<EventStream, 'lastEventId' | 'resumption'>

/** What the app gets: an object of its own, so that nothing of the connection's inside is reached through it. */
function streamHandle(connection: SseConnection, { lastEventId, resumption }: Resumption): EventStream {
  const { core } = connection
  return {
    id: connection.id,
    userId: connection.userId,
    get isOpen() {
      return connection.isOpen
    },
    get channels() {
      return connection.channels
    },
    closed: connection.closed,
    lastEventId,
    resumption,
    send(event) {
      const { id } = event
      if (id !== undefined) checkEventId(id)
      const prepared = prepare(event, core.settings.events)
      if (isPromise(prepared)) {
        prepared.catch(() => {})
        throw new TypeError(
          `The validator of event '${event.event}' answers later, and stream.send can't wait: use sendTo or broadcast`,
        )
      }
      return connection.sendBytes(sseWire.event(prepared.name, prepared.json, id === undefined ? {} : { id }))
    },
    async join(channel) {
      return (await connection.join(channel, false)) === undefined
    },
    leave: (channel) => connection.leave(channel),
    close: () => connection.end(),
  }
}

/** The stream of a client that was not let in: everything is said, nothing is heard. */
export function closedStream(userId: string | undefined, lastEventId: string | undefined): EventStream {
  return {
    id: crypto.randomUUID(),
    userId,
    isOpen: false,
    channels: [],
    closed: Promise.resolve(),
    lastEventId,
    resumption: 'fresh',
    send: () => false,
    join: async () => false,
    leave: () => false,
    close: () => {},
  }
}
