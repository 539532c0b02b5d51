import { Backoff } from './backoff.ts'
import { EventSocketWire } from './event-socket.ts'
import { EventStreamWire } from './event-stream.ts'
import { EventsError } from './events-error.ts'
import { callSafely, Listeners } from './listeners.ts'
import type { AnyEvents, ConnectEventsOptions, EventMeta, EventsConnection, EventsState } from './types.ts'
import type { WireEvents } from './wire.ts'

/** What EventSource dispatches of its own, and what the WebSocket wire says of its own. */
const reservedNames = ['open', 'error', 'joined', 'left']
/** What `setTimeout` can wait; a longer pause would be none. */
const longestDelay = 2 ** 31 - 1

/**
 * Connects to a route that answers with `realtime.sse()` or `realtime.upgrade()`, and stays connected until `close()`.
 * Types its events by `Events`, a map of event name to payload: `EventsOf<typeof realtime>` of the server's file.
 * @param url of the route: relative, or `http(s)`; with WebSocket `ws(s)`, too
 * @throws Error outside the browser; TypeError or RangeError for a wrong `url` or option
 */
export function connectEvents<Events extends object = AnyEvents>(
  url: string | URL,
  options: ConnectEventsOptions = {},
): EventsConnection<Events> {
  const { driver = 'sse', channels = [], withCredentials = false, minDelay = 500, maxDelay = 20_000 } = options
  if (driver !== 'sse' && driver !== 'websocket') {
    throw new TypeError(`driver is 'sse' or 'websocket', not ${JSON.stringify(driver)}`)
  }
  if (driver === 'sse' && channels.length > 0) {
    throw new TypeError(
      "channels needs driver: 'websocket'; with SSE the server joins them: sse(request, { channels })",
    )
  }
  if (!(minDelay > 0 && minDelay <= maxDelay && maxDelay <= longestDelay)) {
    throw new RangeError(`minDelay and maxDelay are milliseconds, 0 < minDelay <= maxDelay <= ${longestDelay}`)
  }
  checkIsBrowser(driver === 'sse' ? 'EventSource' : 'WebSocket')

  let state: EventsState = 'connecting'
  const byName = new Map<string, Listeners<[unknown, EventMeta]>>()
  const messages = new Listeners<[string | Uint8Array]>()

  const debug = (what: string, detail: unknown): void => {
    // oxlint-disable-next-line no-console -- asked for
    if (options.debug) console.debug(`[realtime] ${what}`, detail)
  }
  const change = (next: EventsState): void => {
    if (state === next) return
    state = next
    debug('state', next)
    callSafely(options.onState, next)
  }
  const report = (error: EventsError): void => {
    debug(error.code, error.message)
    callSafely(options.onError, error)
  }
  const attempt = (): void => {
    try {
      wire.open()
    } catch (error) {
      tell.lost(new EventsError('connection', error instanceof Error ? error.message : String(error)), true)
    }
  }
  const tell: WireEvents = {
    opened() {
      backoff.opened()
      change('open')
    },
    lost(error, isOver) {
      // Before the app is told, which may call close().
      if (isOver) debug('trying again, milliseconds', backoff.plan())
      change('connecting')
      if (!isClosed()) report(error)
    },
    event(name, data, meta) {
      byName.get(name)?.tell(data, meta)
    },
    failed: report,
  }
  const isClosed = (): boolean => state === 'closed'

  const address = addressOf(url, driver)
  const socket =
    driver === 'sse' ? undefined : new EventSocketWire(address, channels, tell, (message) => messages.tell(message))
  const wire = socket ?? new EventStreamWire(address, withCredentials, tell)
  const needSocket = (method: string): EventSocketWire => {
    if (!socket) throw new Error(`${method} needs driver: 'websocket', and this connection has driver: 'sse'`)
    return socket
  }
  // What the browser refuses now, it would refuse the next time as well: the caller hears of it.
  wire.open()
  const backoff = new Backoff(minDelay, maxDelay, attempt)

  return {
    get state() {
      return state
    },
    on(event, listener) {
      if (reservedNames.includes(event)) {
        throw new TypeError(`'${event}' is no event of the app's: open, error, joined and left have another meaning`)
      }
      let listeners = byName.get(event)
      if (!listeners) {
        listeners = new Listeners()
        byName.set(event, listeners)
        wire.listen(event)
      }
      // Which payload the event carries is settled by the signature; here it is only passed on.
      return listeners.add(listener as (data: unknown, meta: EventMeta) => unknown)
    },
    onMessage(listener) {
      needSocket('onMessage')
      return messages.add(listener)
    },
    async join(channel) {
      const joining = needSocket('join')
      if (isClosed()) throw new EventsError('closed', 'The connection was closed', { channel })
      await joining.join(channel)
    },
    leave: (channel) => needSocket('leave').leave(channel),
    send: (message) => needSocket('send').send(message),
    close() {
      if (isClosed()) return
      backoff.stop()
      wire.close()
      for (const listeners of byName.values()) listeners.clear()
      messages.clear()
      change('closed')
    },
  }
}

/** Node has a WebSocket as well: a page that is rendered there would open one with every request, and never close it. */
function checkIsBrowser(api: 'EventSource' | 'WebSocket'): void {
  const isBrowser = typeof window !== 'undefined' || 'importScripts' in globalThis
  if (isBrowser && typeof globalThis[api] === 'function') return
  const why = isBrowser ? `there is no ${api} here` : 'this is no browser'
  throw new Error(
    `connectEvents can't run: ${why}. Call it in the browser, in an effect or when the component is mounted`,
  )
}

/** @throws TypeError */
function addressOf(url: string | URL, driver: 'sse' | 'websocket'): URL {
  // Where the browser's own constructors start from; workers have no document.
  const base = globalThis.document?.baseURI ?? globalThis.location?.href
  const address = URL.canParse(url, base) ? new URL(url, base) : undefined
  const protocol = address?.protocol ?? ''
  if (address && driver === 'sse' && /^https?:$/.test(protocol)) return address
  if (address && driver === 'websocket' && /^(http|ws)s?:$/.test(protocol)) {
    address.protocol = protocol.replace('http', 'ws')
    address.hash = ''
    return address
  }
  const schemes = driver === 'sse' ? 'http or https' : 'http, https, ws or wss'
  // Not quoted: it may hold a token.
  throw new TypeError(`url must be a URL of ${schemes}, or one relative to the page's`)
}
