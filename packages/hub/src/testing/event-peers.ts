/** Clients of `createRealtime` in memory, one per driver, with the same verbs. */
import { Instance, type InstanceOptions } from '../events/instance.ts'
import type { EventConnection, UpgradeHooks } from '../events/types.ts'
import { pendingUpgrades, upgradeHeader, type RawSocket, type RawSocketEvents } from '../events/upgrade-slot.ts'
import { opcodes } from '../wires/websocket-frame.ts'
import type { TestClock } from './test-clock.ts'

/** What a client has received. */
export interface HeardEvent {
  readonly event: string
  readonly data: unknown
  readonly id?: string
  readonly channel?: string
}

export interface EventPeer {
  /** What the app holds of it. */
  readonly connection: EventConnection
  readonly events: readonly HeardEvent[]
  readonly heartbeats: number
  readonly isClosed: boolean
  /** The client goes away without a word. */
  vanish(): void
}

export interface PeerOptions {
  readonly headers?: Record<string, string>
  readonly channels?: readonly string[]
  readonly hooks?: UpgradeHooks
}

const decoder = new TextDecoder()

/** Lets promises and streams that are due go on. */
export async function settle(clock: TestClock): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    clock.tick()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Reads an event stream to the end, whether events or comments come. */
export class SsePeer implements EventPeer {
  readonly response: Response
  readonly connection: EventConnection
  text = ''
  isClosed = false
  error: unknown
  readonly #abort: AbortController

  constructor(response: Response, connection: EventConnection, abort: AbortController, isReading = true) {
    this.response = response
    this.connection = connection
    this.#abort = abort
    if (isReading) void this.#read()
  }

  get events(): readonly HeardEvent[] {
    return this.#blocks()
      .filter((block) => block.includes('event: '))
      .map((block) => {
        const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]))
        const id = fields.get('id')
        const data: unknown = JSON.parse(fields.get('data') ?? '')
        return { event: fields.get('event') ?? '', data, ...(id === undefined ? {} : { id }) }
      })
  }

  get heartbeats(): number {
    return this.#blocks().filter((block) => block.startsWith(':')).length
  }

  vanish(): void {
    this.#abort.abort()
  }

  #blocks(): string[] {
    return this.text.split('\n\n').filter((block) => block !== '')
  }

  async #read(): Promise<void> {
    try {
      for await (const chunk of this.response.body ?? []) this.text += decoder.decode(chunk, { stream: true })
    } catch (error) {
      this.error = error
    }
    this.isClosed = true
  }
}

/** An open WebSocket without a network. */
export class SocketPeer implements EventPeer, RawSocket {
  connection!: EventConnection
  bytesQueued = 0
  readonly tellsPongs = true
  /** Text messages as text, binary ones as bytes. */
  readonly messages: (string | Uint8Array)[] = []
  heartbeats = 0
  /** The server's Close. */
  goodbye: { code: number; reason: string } | undefined
  isTerminated = false
  isPaused = false
  /** Whether it answers heartbeats, and Close. */
  answers = true
  /** Whether it answers heartbeats as soon as they come; otherwise the test does. */
  answersAtOnce = true
  #events!: RawSocketEvents

  begin(events: RawSocketEvents): void {
    this.#events = events
  }

  get isClosed(): boolean {
    return this.isTerminated || this.goodbye !== undefined
  }

  get events(): readonly HeardEvent[] {
    return this.messages.map((message) => JSON.parse(String(message)) as HeardEvent)
  }

  /** The client says something. */
  says(message: string | Uint8Array): void {
    this.#events.message(message)
  }

  vanish(): void {
    this.#events.closed(1006, '')
  }

  pong(): void {
    this.#events.pong()
  }

  /** The client answers the server's Close, or closes itself. */
  closes(code = 1000, reason = ''): void {
    this.#events.closed(code, reason)
  }

  write(batch: readonly Uint8Array[]): void {
    for (const bytes of batch) this.#take(Buffer.from(bytes))
  }

  close(code: number, reason: string): void {
    this.goodbye = { code, reason }
    if (this.answers) queueMicrotask(() => this.#events.closed(code, reason))
  }

  terminate(): void {
    this.isTerminated = true
    queueMicrotask(() => this.#events.closed(1006, ''))
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  #take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      const opcode = (bytes[at] ?? 0) & 0x0f
      const short = bytes[at + 1] ?? 0
      const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10)
      const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUIntBE(at + 4, 6)
      const payload = bytes.subarray(start, start + length)
      if (opcode === opcodes.ping) {
        this.heartbeats++
        if (this.answers && this.answersAtOnce) queueMicrotask(() => this.pong())
      } else this.messages.push(opcode === opcodes.text ? payload.toString('utf8') : new Uint8Array(payload))
      at = start + length
    }
  }
}

/** A `createRealtime` over a clock that a test turns, and its clients. */
export class EventStage {
  readonly clock: TestClock
  readonly instance: Instance
  readonly logged: { readonly message: string; readonly fields: object }[] = []

  constructor(clock: TestClock, options: InstanceOptions) {
    this.clock = clock
    const note = (fields: object, message: string): void => void this.logged.push({ fields, message })
    this.instance = new Instance({ logger: { debug: note, info: note, warn: note, error: note }, ...options }, clock)
  }

  request(headers: Record<string, string> = {}, signal?: AbortSignal): Request {
    return new Request('http://app.test/events', {
      headers: { host: 'app.test', ...headers },
      ...(signal ? { signal } : {}),
    })
  }

  async openSse({ headers, channels }: PeerOptions = {}, isReading = true): Promise<SsePeer> {
    const abort = new AbortController()
    const { response, stream } = await this.instance.face.sse(
      this.request(headers, abort.signal),
      channels ? { channels } : {},
    )
    const peer = new SsePeer(response, stream, abort, isReading)
    await settle(this.clock)
    return peer
  }

  /**
   * Asks for a WebSocket; the answer when it is refused.
   * @param meanwhile what happens between the app's yes and the open socket; false: no socket comes of it
   */
  async openSocket(
    { headers, hooks = {} }: PeerOptions = {},
    meanwhile: () => boolean = () => true,
  ): Promise<SocketPeer | Response> {
    const id = crypto.randomUUID()
    const peer = new SocketPeer()
    let accepted: ((socket: RawSocket) => RawSocketEvents) | undefined
    let abandon: (() => void) | undefined
    pendingUpgrades().set(id, {
      accept: (open, abandoned) => {
        accepted = open
        abandon = abandoned
      },
    })
    const response = await this.instance.face.upgrade(
      this.request({ upgrade: 'websocket', [upgradeHeader]: id, ...headers }),
      {
        ...hooks,
        onOpen: (socket) => {
          peer.connection = socket
          return hooks.onOpen?.(socket)
        },
      },
    )
    pendingUpgrades().delete(id)
    if (!accepted || response.headers.get(upgradeHeader) !== id) return response
    if (!meanwhile()) {
      abandon?.()
      return response
    }
    peer.begin(accepted(peer))
    await settle(this.clock)
    return peer
  }

  /** Opens one over the instance's driver, and joins the channels as its clients do. */
  async open(options: PeerOptions = {}): Promise<EventPeer> {
    if (this.instance.core.settings.driver === 'sse') return this.openSse(options)
    const peer = await this.openSocket(options)
    if (peer instanceof Response) throw new Error(`${peer.status} ${await peer.text()}`)
    for (const channel of options.channels ?? []) await peer.connection.join(channel)
    await settle(this.clock)
    return peer
  }

  /** Closes it, and finds out whether anything is left of it. */
  async end(): Promise<void> {
    const closing = this.instance.face.close({ timeoutMs: 0 })
    this.clock.advance(0)
    await closing
    await settle(this.clock)
    const left = { ...this.left, timers: this.clock.pending }
    if (Object.values(left).some((count) => count !== 0)) throw new Error(`Something is left: ${JSON.stringify(left)}`)
  }

  /** What must be nothing once everybody has gone. */
  get left(): object {
    const { core } = this.instance
    const { registry, keepalive, flusher, deadlines, reserved } = core
    return {
      connections: registry.sessionCount,
      users: registry.userCount,
      channels: registry.channelCount,
      alarms: keepalive.size,
      waiting: flusher.waiting,
      deadlines: deadlines.size,
      reserved,
    }
  }
}
