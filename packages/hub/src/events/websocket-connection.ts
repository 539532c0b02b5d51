/** The WebSocket driver: messages of the app's in both directions, events and the join and leave envelopes beside them. */
import { Disconnect, isCloseCode, isCloseReason } from '@backchannel/protocol'
import { chain, isPromise, type MaybePromise } from '../maybe-promise.ts'
import { webSocketWire } from '../wires/events.ts'
import { frameOf, opcodes } from '../wires/websocket-frame.ts'
import { Connection, goingAway, type Refusal } from './connection.ts'
import { readEnvelope } from './envelope.ts'
import type { EventCore } from './event-core.ts'
import type { EventSocket, UpgradeHooks } from './types.ts'
import type { RawSocket } from './upgrade-slot.ts'

/** Messages that may wait for the app before the client is read no further; or as much as may wait for the client. */
const maxWaiting = 64
/** Where a runtime can't stop reading: so many times as much, then the connection ends. */
const unreadFactor = 16
const overloaded = new Disconnect(1013, 'try again later')
const encoder = new TextEncoder()

const refusals: Record<Refusal | 'bad_envelope', string> = {
  unknown_channel: 'There is no such channel',
  refused: 'The app does not let this connection into the channel',
  limit: 'This connection is in as many channels as it may be in',
  closed: 'The join came to nothing',
  bad_envelope:
    'An envelope is {"join": "<channel>"} or {"leave": "<channel>"}, the name being 1 to 255 characters long',
}

export class SocketConnection extends Connection {
  readonly handle: EventSocket
  readonly #socket: RawSocket
  readonly #hooks: UpgradeHooks
  readonly #waiting: (string | Uint8Array)[] = []
  /** The length of what waits: bytes, or characters of text. */
  #waitingSize = 0
  #isBusy = false
  #isPaused = false
  /** When the heartbeat was sent that is not answered yet. */
  #beatAt: number | undefined
  #closed: { readonly code: number; readonly reason: string } | undefined
  #isToldClosed = false

  constructor(core: EventCore, userId: string | undefined, socket: RawSocket, hooks: UpgradeHooks) {
    super(core, userId, socket)
    this.#socket = socket
    this.#hooks = hooks
    this.handle = socketHandle(this)
  }

  /** Lets the app greet it before anything is read. */
  open(): void {
    this.begin()
    this.goLive()
    this.#isBusy = true
    this.#goOnAfter(this.core.ask('onOpen', () => this.#hooks.onOpen?.(this.handle), undefined))
  }

  message(data: string | Uint8Array): void {
    if (!this.isOpen) return
    this.#waiting.push(data)
    this.#waitingSize += data.length
    const load = this.#load
    // One message is never too much: its size was checked.
    if (load > unreadFactor && this.#waiting.length > 1) {
      this.#waiting.length = 0
      this.#waitingSize = 0
      this.end(overloaded)
    } else if (!this.#isPaused && load > 1) {
      this.#isPaused = true
      this.#socket.pause()
    }
    this.#work()
  }

  pong(): void {
    const sentAt = this.#beatAt
    // One that nobody asked for says nothing.
    if (sentAt === undefined) return
    this.#beatAt = undefined
    const roundTripMs = this.core.clock.monotonic() - sentAt
    void this.core.ask('onHeartbeat', () => this.#hooks.onHeartbeat?.(this.handle, roundTripMs), undefined)
  }

  /** The socket is gone. What came in before is still the app's. */
  closedBy(code: number, reason: string): void {
    if (this.#closed) return
    this.#closed = { code, reason }
    this.gone()
    this.#work()
  }

  protected terminate(): void {
    this.#socket.terminate()
  }

  protected isDead(): boolean {
    if (!this.#socket.tellsPongs) return false
    const isSilent = this.#beatAt !== undefined
    this.#beatAt = this.core.clock.monotonic()
    return isSilent
  }

  /** What waits, as a share of what may wait before the client is read no further. */
  get #load(): number {
    return Math.max(this.#waiting.length / maxWaiting, this.#waitingSize / this.core.settings.maxBufferedBytes)
  }

  /** One message at a time, in order; what is handled at once costs no promise. */
  #work(): void {
    while (!this.#isBusy) {
      const message = this.#waiting.shift()
      if (message === undefined) break
      this.#waitingSize -= message.length
      this.#isBusy = true
      const handled = this.#handle(message)
      if (isPromise(handled)) return this.#goOnAfter(handled)
      this.#isBusy = false
    }
    if (this.#isPaused && this.#load <= 1 / 2 && !this.#isBusy) {
      this.#isPaused = false
      this.#socket.resume()
    }
    if (this.#closed && !this.#isBusy) this.#tellClosed(this.#closed)
  }

  #goOnAfter(handled: MaybePromise<void>): void {
    const goOn = (): void => {
      this.#isBusy = false
      this.#work()
    }
    if (isPromise(handled)) void handled.then(goOn)
    else goOn()
  }

  #handle(message: string | Uint8Array): MaybePromise<void> {
    const envelope = typeof message === 'string' ? readEnvelope(message) : undefined
    if (!envelope) return this.core.ask('onMessage', () => this.#hooks.onMessage?.(this.handle, message), undefined)
    if (envelope.ask === 'broken') return this.#refuse('bad_envelope')
    const { ask, channel } = envelope
    if (ask === 'leave') {
      this.leave(channel)
      this.#answer('left', channel)
      return undefined
    }
    return chain(this.join(channel, true), (refusal) => {
      if (refusal === undefined) this.#answer('joined', channel)
      else this.#refuse(refusal, channel)
    })
  }

  #answer(event: 'joined' | 'left', channel: string): void {
    this.sendBytes(webSocketWire.event(event, 'null', { channel }))
  }

  #refuse(code: keyof typeof refusals, channel?: string): void {
    const json = JSON.stringify({ code, message: refusals[code] })
    this.sendBytes(webSocketWire.event('error', json, channel === undefined ? {} : { channel }))
  }

  #tellClosed({ code, reason }: { readonly code: number; readonly reason: string }): void {
    if (this.#isToldClosed) return
    this.#isToldClosed = true
    void this.core.ask('onClose', () => this.#hooks.onClose?.(this.handle, code, reason), undefined)
  }
}

function socketHandle(connection: SocketConnection): EventSocket {
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
    send(message) {
      const frame = frameOfMessage(message)
      if (!connection.sendBytes(frame)) return Promise.resolve(false)
      // Behind the sweep that hands it to the socket.
      return new Promise((resolve) => core.flusher.afterFlush(() => resolve(connection.isOpen)))
    },
    async join(channel) {
      return (await connection.join(channel, false)) === undefined
    },
    leave: (channel) => connection.leave(channel),
    close(code = 1000, reason = '') {
      const isTheirs = code === 1000 || code === goingAway.code || (code >= 3000 && code <= 4999)
      if (!isCloseCode(code) || !isTheirs || !isCloseReason(reason)) {
        throw new RangeError('close takes 1000, 1001 or 3000 to 4999, and a reason of at most 123 bytes')
      }
      connection.end(new Disconnect(code, reason))
    },
  }
}

function frameOfMessage(message: unknown): Uint8Array {
  if (typeof message === 'string') return frameOf(opcodes.text, encoder.encode(message))
  // A copy: the app may go on using its bytes.
  if (message instanceof Uint8Array) return frameOf(opcodes.binary, message)
  throw new TypeError(`socket.send takes text or a Uint8Array, not ${typeof message}; for events use sendTo(socket, …)`)
}
