/** `GET /admin/trace`: what one client, user or channel says and hears, a line of JSON for each, as long as it is read. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Hub } from '@backchannel/hub'
import { answerText } from './http.ts'

/** A reader that is this far behind is let go. */
const maxQueued = 1024 * 1024
/** The reader ends it, not a count. */
const maxEvents = Number.MAX_SAFE_INTEGER

export class TraceStreams {
  readonly #hub: Hub
  readonly #open = new Set<() => void>()

  constructor(hub: Hub) {
    this.#hub = hub
  }

  /** Answers with a stream: `?client=`, `?user=` or `?channel=` says whose. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    const { searchParams } = new URL(request.url ?? '/', 'http://hub')
    let stop: () => void
    const end = (): void => {
      stop()
      this.#open.delete(end)
      response.end()
    }
    const onEvent = (event: object): void => {
      if (response.writableLength > maxQueued) end()
      else response.write(`${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`)
    }
    try {
      stop = this.#hub.trace(Object.fromEntries(searchParams) as { client: string }, { onEvent, maxEvents })
    } catch (error) {
      // One of them is wrong with the request, the other with there being too many.
      answerText(
        response,
        error instanceof TypeError ? 400 : 503,
        error instanceof Error ? error.message : String(error),
      )
      return
    }
    this.#open.add(end)
    response.writeHead(200, {
      'content-type': 'application/x-ndjson',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    })
    response.flushHeaders()
    response.once('close', end)
  }

  /** Ends all of them. */
  close(): void {
    for (const end of this.#open) end()
  }
}
