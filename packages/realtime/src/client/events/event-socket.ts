import { EventsError } from './events-error.ts'
import { readMessage, type EventMessage } from './read-message.ts'
import type { Wire, WireEvents } from './wire.ts'

/** A channel that is to be joined, on this connection and on those that follow. */
interface Place {
  readonly channel: string
  /** Joined on the connection that is there now. */
  isIn: boolean
  /** Stays wanted when it is refused: the options name it, or it was joined once. */
  isKept: boolean
  /** Who waits for the answer. */
  waiting: PromiseWithResolvers<void> | undefined
}

/** Events and messages over a WebSocket. */
export class EventSocketWire implements Wire {
  readonly #url: URL
  readonly #tell: WireEvents
  readonly #onMessage: (message: string | Uint8Array) => void
  readonly #places = new Map<string, Place>()
  /** Joins that the server has yet to answer; it answers one after the other. */
  #asked: Place[] = []
  #socket: WebSocket | undefined

  constructor(
    url: URL,
    channels: readonly string[],
    tell: WireEvents,
    onMessage: (message: string | Uint8Array) => void,
  ) {
    this.#url = url
    this.#tell = tell
    this.#onMessage = onMessage
    for (const channel of channels) {
      checkChannel(channel)
      this.#places.set(channel, { channel, isIn: false, isKept: true, waiting: undefined })
    }
  }

  open(): void {
    const socket = new WebSocket(this.#url)
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('open', () => {
      if (this.#socket !== socket) return
      for (const place of this.#places.values()) this.#ask(place)
      this.#tell.opened()
    })
    // Once it is being closed, it lets no message through any more.
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => this.#receive(data))
    // What an `error` would say, `close` says as well, and it always follows.
    socket.addEventListener('close', ({ code, reason }) => {
      if (this.#socket !== socket) return
      this.#socket = undefined
      this.#asked = []
      for (const place of this.#places.values()) place.isIn = false
      const message = `The connection ended: ${code} ${reason}`.trimEnd()
      this.#tell.lost(new EventsError('connection', message, { closeCode: code }), true)
    })
  }

  /** Every event comes over the one `message`. */
  listen(): void {}

  async join(channel: string): Promise<void> {
    checkChannel(channel)
    let place = this.#places.get(channel)
    if (place?.isIn) return
    if (!place) {
      place = { channel, isIn: false, isKept: false, waiting: undefined }
      this.#places.set(channel, place)
    }
    // A place that was refused and kept is asked for again at once.
    if (!this.#asked.includes(place)) this.#ask(place)
    place.waiting ??= Promise.withResolvers()
    await place.waiting.promise
  }

  leave(channel: string): void {
    const place = this.#places.get(channel)
    if (!place) return
    this.#places.delete(channel)
    this.send(JSON.stringify({ leave: channel }))
    place.waiting?.reject(overtaken(channel))
  }

  send(message: string | Uint8Array<ArrayBuffer>): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false
    this.#socket.send(message)
    return true
  }

  close(): void {
    this.#socket?.close(1000)
    this.#socket = undefined
    for (const { channel, waiting } of this.#places.values()) waiting?.reject(overtaken(channel))
    this.#places.clear()
  }

  #ask(place: Place): void {
    if (this.send(JSON.stringify({ join: place.channel }))) this.#asked.push(place)
  }

  #receive(data: string | ArrayBuffer): void {
    const message = typeof data === 'string' ? readMessage(data) : undefined
    if (message) this.#receiveEvent(message)
    else this.#onMessage(typeof data === 'string' ? data : new Uint8Array(data))
  }

  #receiveEvent({ event, data, channel }: EventMessage): void {
    if (event === 'joined') this.#answered(channel, undefined)
    else if (event === 'error') this.#answered(channel, errorOf(data, channel))
    else if (event !== 'left') this.#tell.event(event, data, { channel, id: undefined })
  }

  #answered(channel: string | undefined, error: EventsError | undefined): void {
    const index = this.#asked.findIndex((place) => place.channel === channel)
    const [place] = index === -1 ? [] : this.#asked.splice(index, 1)
    if (!place) {
      // No answer to a join of ours, such as one to an envelope that the app has sent itself.
      if (error) this.#tell.failed(error)
      return
    }
    // Left since: whoever waited has heard of it, and a later join has a place of its own.
    if (this.#places.get(place.channel) !== place) return
    const { waiting } = place
    place.waiting = undefined
    if (!error) {
      place.isIn = true
      place.isKept = true
      waiting?.resolve()
      return
    }
    if (!place.isKept) this.#places.delete(place.channel)
    if (waiting) waiting.reject(error)
    else this.#tell.failed(error)
  }
}

/** The server's bound, checked here since its answer to another name can't say which one. @throws TypeError */
function checkChannel(channel: unknown): void {
  if (typeof channel === 'string' && channel !== '' && channel.length <= 255) return
  throw new TypeError(`A channel's name is text of 1 to 255 characters, not ${JSON.stringify(channel)}`)
}

function overtaken(channel: string): EventsError {
  return new EventsError('closed', `The channel ${JSON.stringify(channel)} was left before it was joined`, { channel })
}

function errorOf(data: unknown, channel: string | undefined): EventsError {
  const { code, message } = (data ?? {}) as { code?: unknown; message?: unknown }
  return new EventsError(
    typeof code === 'string' ? code : 'internal',
    typeof message === 'string' ? message : 'The server refused without saying why',
    { channel },
  )
}
