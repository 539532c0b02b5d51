/**
 * WebSockets that come through crossws: Nitro, h3 and srvx; Bun, Deno and Workers. Known by shape alone, since the
 * framework brings its own crossws. What differs between its runtimes is evened out here.
 */
import { systemClock } from '../clock.ts'
import type { RawSocket, RawSocketEvents, UpgradeLimits } from '../events/upgrade-slot.ts'
import { opcodes } from '../wires/websocket-frame.ts'

/** The part of a crossws `Peer` that is needed. */
export interface CrosswsPeer {
  send(message: string | Uint8Array): unknown
  close(code?: number, reason?: string): void
  terminate(): void
  /** Only some runtimes can; the others have one that warns. */
  ping?(): unknown
  readonly bufferedAmount?: number
  /** The runtime's own, as far as it has one. */
  readonly websocket?: object
}

/** The part of a crossws `Message` that is needed. */
export interface CrosswsMessage {
  readonly rawData: unknown
  uint8Array(): Uint8Array
}

/** What an answer carries as its property `crossws`. */
export interface CrosswsHooks {
  open(peer: CrosswsPeer): void
  message(peer: CrosswsPeer, message: CrosswsMessage): void
  pong(): void
  close(peer: CrosswsPeer, details: { readonly code?: number; readonly reason?: string }): void
  error(peer: CrosswsPeer): void
}

/** How long crossws may take from the answer to the open socket; it does not tell of handshakes that fail. */
const handshakeTimeoutMs = 10_000
const codes = { unsupported: 1003, none: 1005, broken: 1006, tooBig: 1009 } as const
// A byte order mark is the sender's.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

/**
 * The hooks of one upgrade.
 * @param open called once, with the open socket, before anything is read from it
 * @param abandoned called once in its place, when no socket came of it
 */
export function crosswsHooks(
  open: (socket: RawSocket) => RawSocketEvents,
  abandoned: () => void,
  limits: Pick<UpgradeLimits, 'maxMessageBytes'>,
): CrosswsHooks {
  let isPending = true
  let socket: PeerSocket | undefined
  const cancel = systemClock.setTimer(() => {
    isPending = false
    abandoned()
  }, handshakeTimeoutMs)
  return {
    open: (peer) => {
      // One answer opens one socket, and only in its time.
      if (!isPending) return peer.terminate()
      isPending = false
      cancel()
      socket = new PeerSocket(peer)
      socket.begin(open(socket), limits.maxMessageBytes)
    },
    message: (_peer, message) => socket?.message(message),
    pong: () => socket?.pong(),
    close: (_peer, { code = codes.none, reason = '' }) => socket?.closed(code, reason),
    error: () => socket?.fail(),
  }
}

/**
 * A refusal that reaches the client through whatever `resolve` crossws was given: one that only looks at the property
 * `crossws` would take an answer without it for an upgrade that nobody listens to.
 */
export function crosswsRefusal(refusal: Response): Response {
  // crossws cancels the body of an answer with hooks.
  const copy = refusal.clone()
  return Object.assign(refusal, { crossws: { upgrade: () => copy } })
}

/** Frames in, messages out: crossws makes its own frames. */
class PeerSocket implements RawSocket {
  readonly #peer: CrosswsPeer
  #events: RawSocketEvents | undefined
  #maxMessageBytes = 0
  #isClosing = false
  #isClosed = false
  /** How it ended, when that was before there was anybody to tell. */
  #untold: { readonly code: number; readonly reason: string } | undefined
  /** Not every runtime passes pongs on: one that does has done it. */
  tellsPongs = false

  constructor(peer: CrosswsPeer) {
    this.#peer = peer
    // A Blob can only be read later, when other messages have come in between.
    const { websocket } = peer
    if (websocket && 'binaryType' in websocket && websocket.binaryType === 'blob') websocket.binaryType = 'arraybuffer'
  }

  begin(events: RawSocketEvents, maxMessageBytes: number): void {
    this.#events = events
    this.#maxMessageBytes = maxMessageBytes
    if (this.#untold) events.closed(this.#untold.code, this.#untold.reason)
  }

  get bytesQueued(): number {
    return this.#peer.bufferedAmount ?? 0
  }

  write(batch: readonly Uint8Array[]): void {
    if (this.#isClosing) return
    try {
      for (const bytes of batch) this.#send(bytes)
    } catch {
      // Web sockets throw once they are closing.
      this.fail()
    }
  }

  close(code: number, reason: string): void {
    if (this.#isClosing) return
    this.#isClosing = true
    try {
      this.#peer.close(code, reason)
    } catch {
      // Some runtimes send only the codes that a browser may.
      this.terminate()
    }
  }

  terminate(): void {
    this.#isClosing = true
    try {
      this.#peer.terminate()
    } catch {
      this.closed(codes.broken, '')
    }
  }

  pause(): void {
    this.#tellRuntime('pause')
  }

  resume(): void {
    this.#tellRuntime('resume')
  }

  message(message: CrosswsMessage): void {
    if (this.#isClosing) return
    const data = contentOf(message)
    if (data === undefined) this.close(codes.unsupported, 'unsupported data')
    else if (isLarger(data, this.#maxMessageBytes)) this.close(codes.tooBig, 'message too big')
    else this.#events?.message(data)
  }

  pong(): void {
    this.tellsPongs = true
    this.#events?.pong()
  }

  closed(code: number, reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#isClosing = true
    if (this.#events) this.#events.closed(code, reason)
    else this.#untold = { code, reason }
  }

  /** The connection is lost, whether the runtime tells of its end or not. */
  fail(): void {
    this.terminate()
    this.closed(codes.broken, '')
  }

  #send(frames: Uint8Array): void {
    for (let at = 0; at < frames.length;) {
      const opcode = (frames[at] ?? 0) & 0x0f
      const { start, end } = payloadAt(frames, at)
      const payload = frames.subarray(start, end)
      if (opcode === opcodes.text) this.#peer.send(decoder.decode(payload))
      else if (opcode === opcodes.binary) this.#peer.send(payload)
      else if (opcode === opcodes.ping && canPing(this.#peer)) this.#peer.ping?.()
      at = end
    }
  }

  #tellRuntime(verb: 'pause' | 'resume'): void {
    const { websocket } = this.#peer
    const call: unknown = websocket && Reflect.get(websocket, verb)
    if (typeof call === 'function') call.call(websocket)
  }
}

/** Where the payload of a frame lies that begins here. */
function payloadAt(frames: Uint8Array, at: number): { start: number; end: number } {
  const short = frames[at + 1] ?? 0
  if (short < 126) return { start: at + 2, end: at + 2 + short }
  const start = at + (short === 126 ? 4 : 10)
  let length = 0
  for (let index = at + 2; index < start; index++) length = length * 256 + (frames[index] ?? 0)
  return { start, end: start + length }
}

/** The class that all peers extend has a `ping` that only warns. */
function canPing(peer: CrosswsPeer): boolean {
  const prototype: unknown = Object.getPrototypeOf(peer)
  return typeof prototype === 'object' && prototype !== null && Object.hasOwn(prototype, 'ping')
}

/** Text as text, binary as bytes of its own; undefined for what can't be read at once. */
function contentOf(message: CrosswsMessage): string | Uint8Array | undefined {
  const { rawData } = message
  if (typeof rawData === 'string') return rawData
  try {
    return new Uint8Array(message.uint8Array())
  } catch {
    return undefined
  }
}

function isLarger(data: string | Uint8Array, bytes: number): boolean {
  if (typeof data !== 'string') return data.byteLength > bytes
  // A unit of UTF-16 is one to three bytes of UTF-8: most texts need not be encoded to be measured.
  if (data.length > bytes) return true
  return data.length * 3 > bytes && encoder.encode(data).byteLength > bytes
}
