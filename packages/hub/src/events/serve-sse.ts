/** From a request to an event stream. */
import type { StreamPosition } from '@backchannel/protocol'
import { chain, isPromise, type MaybePromise } from '../maybe-promise.ts'
import { everyone, sseRetry, sseWire } from '../wires/events.ts'
import { refuseWhenFull, type Admission } from './admission.ts'
import { checkChannelName } from './channel-book.ts'
import { goingAway } from './connection.ts'
import { eventId, type EventCore, type Missed } from './event-core.ts'
import { checkNames } from './settings.ts'
import { SseConnection, closedStream } from './sse-stream.ts'
import type { EventStream } from './types.ts'

export interface SseOptions {
  /** Channels that the stream joins. They need not be declared; those that are have their say. */
  readonly channels?: readonly string[]
}

export interface SseResult {
  /** To be returned from the route handler. 200, or why there is no stream: 401, 403, 503. */
  readonly response: Response
  readonly stream: EventStream
}

const headers = {
  'content-type': 'text/event-stream',
  // For whoever stands between: neither keep nor change nor collect.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
}

export function serveSse(core: EventCore, request: Request, admission: Admission, options: SseOptions): SseResult {
  checkNames('sse', options, ['channels'])
  const { channels = [] } = options
  if (!Array.isArray(channels)) throw new TypeError('sse: channels is a list of names')
  const lastEventId = lastEventIdOf(request)
  if (!core.isOpen && 'userId' in admission) {
    return { response: comeBack(core, request), stream: closedStream(undefined, lastEventId) }
  }
  const refusal = 'refusal' in admission ? admission.refusal : refuseWhenFull(core)
  if (refusal) return { response: refusal, stream: closedStream(undefined, lastEventId) }
  const userId = 'userId' in admission ? admission.userId : undefined
  // It asks for the headers only, and nothing would ever read a body.
  if (request.method === 'HEAD') {
    return { response: new Response(null, { headers }), stream: closedStream(userId, lastEventId) }
  }
  return open(core, request, { userId, lastEventId, channels })
}

/**
 * A stream that ends at once: browsers come back after one that ends, and never after a 503. A client that has kept its
 * HTTP connection would otherwise be lost to the server that is going down.
 */
function comeBack(core: EventCore, request: Request): Response {
  return new Response(retryHint(core) as Uint8Array<ArrayBuffer>, {
    headers: { ...headersFor(request), connection: 'close' },
  })
}

/** Spread, so that a server that comes back is not met by all of its clients at once. */
function retryHint({ settings: { retry }, clock }: EventCore): Uint8Array {
  return sseRetry(retry + (retry / 2) * clock.random())
}

/** A page of another origin may read what it was let in for: `allowedOrigins` has been asked by now. */
function headersFor(request: Request): Record<string, string> {
  const origin = request.headers.get('origin')
  if (origin === null) return headers
  return {
    ...headers,
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    vary: 'origin',
  }
}

interface Asked {
  readonly userId: string | undefined
  readonly lastEventId: string | undefined
  readonly channels: readonly string[]
}

function open(core: EventCore, request: Request, { userId, lastEventId, channels }: Asked): SseResult {
  // Before there is a connection that a bad one would leave behind.
  for (const channel of channels) checkChannelName(channel)
  const since = lastEventId === undefined ? undefined : positionOf(lastEventId)
  // With the broker in memory both are here at once.
  const here = now(core.position())
  const isComplete = since !== undefined && canCatchUp(core, { userId, channels }, now(core.missedSince(since)))
  const resumption = lastEventId === undefined ? 'fresh' : isComplete ? 'complete' : 'incomplete'
  const connection = new SseConnection(core, userId, { lastEventId, resumption })
  connection.begin()
  connection.sendBytes(retryHint(core))
  const gone = (): void => connection.vanish()
  if (request.signal.aborted) gone()
  else {
    request.signal.addEventListener('abort', gone, { once: true })
    void connection.closed.then(() => request.signal.removeEventListener('abort', gone))
  }
  // What is left of a stream with a hole in it is of no use: the app is told, and sends the state anew.
  goLiveWhenJoined(core, connection, channels, isComplete ? since : here)
  return {
    response: new Response(connection.body as ReadableStream<Uint8Array<ArrayBuffer>>, {
      headers: headersFor(request),
    }),
    stream: connection.handle,
  }
}

/** What is published while channels are being joined is in the history, and follows with what was missed before. */
function goLiveWhenJoined(
  core: EventCore,
  connection: SseConnection,
  channels: readonly string[],
  since: StreamPosition,
): void {
  const goLive = (): void => {
    if (!connection.isOpen) return
    const missed = now(core.missedSince(since))
    // The joins took longer than the history lasts: the client comes back with the id it had, and learns of the hole.
    if (core.settings.history.size > 0 && !missed.isComplete) return connection.end(goingAway)
    for (const frame of heard(connection, missed)) connection.sendBytes(frame)
    connection.goLive()
  }
  const joins = Array.from(new Set(channels), (channel) =>
    chain(connection.join(channel, false), (refusal) => {
      if (refusal === undefined || refusal === 'closed') return
      core.settings.logger.warn(
        { channel, userId: connection.userId, refusal },
        'createRealtime: a stream was not let into a channel',
      )
    }),
  )
  const waiting = joins.filter(isPromise)
  if (waiting.length === 0) goLive()
  else {
    // Nothing is kept that could follow, so it hears everything but those channels from now on.
    if (core.settings.history.size === 0) connection.goLive()
    void Promise.all(waiting).then(goLive)
  }
}

/**
 * Whether what was missed is there and can be sent at once. More than half of what may wait for a slow reader would get
 * the client closed as one, and again when it comes back; the other half is for what is published while it reads.
 */
function canCatchUp(core: EventCore, listener: Listener, missed: Missed): boolean {
  if (!missed.isComplete) return false
  let bytes = 0
  for (const frame of heard(listener, missed)) bytes += frame.byteLength
  return bytes <= core.settings.maxBufferedBytes / 2
}

type Listener = Pick<Asked, 'userId' | 'channels'>

/** What was missed by one listener, as it is written. */
function* heard({ userId, channels }: Listener, { publications, epoch }: Missed): Generator<Uint8Array> {
  const isFor = new Set(channels)
  for (const { data, tags = {}, offset } of publications) {
    const { to, name = everyone, event = '' } = tags
    const isHeard = to === 'all' || (to === 'user' ? name === userId : isFor.has(name))
    if (isHeard) yield sseWire.event(event, String(data), { id: eventId(epoch, offset) })
  }
}

/** The broker of this process answers at once; one that does not would need streams that begin later. */
function now<T>(value: MaybePromise<T>): T {
  if (isPromise(value)) throw new Error('createRealtime needs a broker that answers at once')
  return value
}

/** The header is a browser's own; the query parameter is for clients that open a new `EventSource`. */
function lastEventIdOf(request: Request): string | undefined {
  const given = request.headers.get('last-event-id') ?? URL.parse(request.url)?.searchParams.get('lastEventId')
  return given === null || given === undefined || given === '' ? undefined : given
}

/** Undefined for an id that is not one of ours. */
function positionOf(id: string): StreamPosition | undefined {
  const [, epoch, offset] = /^([A-Za-z]{1,32}):(\d{1,15})$/.exec(id) ?? []
  return epoch === undefined ? undefined : { epoch, offset: Number(offset) }
}
