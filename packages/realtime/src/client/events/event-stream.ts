import { EventsError } from './events-error.ts'
import type { Wire, WireEvents } from './wire.ts'

/**
 * Server-sent events over the browser's EventSource. That comes back by itself when the connection breaks, with
 * `Last-Event-ID`; but an answer other than 200 ends it for good, so then another one takes its place. A new one can't
 * set that header, and names the id in the URL.
 */
export class EventStreamWire implements Wire {
  readonly #url: URL
  readonly #withCredentials: boolean
  readonly #tell: WireEvents
  readonly #names = new Set<string>()
  #source: EventSource | undefined
  /** Of the last event that was listened to: whatever came after it is none that a listener here has had. */
  #lastEventId = ''

  constructor(url: URL, withCredentials: boolean, tell: WireEvents) {
    this.#url = url
    this.#withCredentials = withCredentials
    this.#tell = tell
  }

  open(): void {
    const url = new URL(this.#url)
    if (this.#lastEventId !== '') url.searchParams.set('lastEventId', this.#lastEventId)
    const source = new EventSource(url, { withCredentials: this.#withCredentials })
    this.#source = source
    // Once it is closed, it says nothing more.
    source.addEventListener('open', () => this.#tell.opened())
    source.addEventListener('error', () => {
      const isOver = source.readyState === source.CLOSED
      const what = isOver ? 'The server did not answer with an event stream' : 'The event stream broke'
      this.#tell.lost(new EventsError('connection', what), isOver)
    })
    for (const name of this.#names) source.addEventListener(name, this.#onEvent)
  }

  listen(event: string): void {
    if (this.#names.has(event)) return
    this.#names.add(event)
    this.#source?.addEventListener(event, this.#onEvent)
  }

  close(): void {
    this.#source?.close()
    this.#source = undefined
  }

  readonly #onEvent = ({ type, data, lastEventId }: MessageEvent): void => {
    this.#lastEventId = lastEventId
    let value: unknown
    try {
      value = JSON.parse(String(data))
    } catch {
      this.#tell.failed(new EventsError('bad_data', `The data of event ${JSON.stringify(type)} is not JSON`))
      return
    }
    this.#tell.event(type, value, { channel: undefined, id: lastEventId === '' ? undefined : lastEventId })
  }
}
