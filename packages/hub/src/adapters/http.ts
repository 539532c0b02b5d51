/** Node's requests, answers and sockets, as the routes need them. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Transport } from '../handlers.ts'
import type { Logger } from '../logger.ts'
import { isOriginAllowed, type OriginRules } from './origins.ts'
import type { Handshake } from '../session/session.ts'

const plainText = 'text/plain; charset=utf-8'

/**
 * Reads a request's body and calls back once: with undefined when it is too large, with null when the client went away.
 * By events and a callback: an async iterator over the request made a publish over HTTP 9 % dearer, and each promise on the way is a turn of its
 * queue.
 */
export function readBody(
  request: IncomingMessage,
  maxLength: number,
  done: (body: Buffer | undefined | null) => void,
): void {
  const chunks: Buffer[] = []
  let length = 0
  let isDone = false
  const finish = (body: Buffer | undefined | null): void => {
    if (isDone) return
    isDone = true
    done(body)
  }
  request
    .on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= maxLength) chunks.push(chunk)
      else {
        // The rest is read and dropped.
        chunks.length = 0
        finish(undefined)
      }
    })
    .on('end', () => {
      const [first] = chunks
      finish(first && chunks.length === 1 ? first : Buffer.concat(chunks))
    })
    .on('close', () => finish(null))
}

export interface Answer {
  readonly status: number
  readonly contentType?: string | undefined
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A status and its usual words. */
export function plain(status: number, text: string): Answer {
  return { status, contentType: plainText, body: `${text}\n` }
}

export const notFound: Answer = plain(404, '404 page not found')

export function answer(response: ServerResponse, { status, contentType, body, headers }: Answer): void {
  const length = Buffer.byteLength(body)
  const fields: OutgoingHttpHeaders = headers ? { ...headers } : {}
  if (contentType !== undefined) fields['content-type'] = contentType
  if (status !== 204) fields['content-length'] = length
  response.writeHead(status, fields)
  // ASCII, as nearly always: Node writes Latin-1 with less ado.
  response.end(body, length === body.length ? 'latin1' : 'utf8')
}

/** Ends an upgrade with an HTTP answer instead of a WebSocket. */
export function refuse(socket: Duplex, status: number, text: string, body = `${text}\n`): void {
  socket.on('error', () => socket.destroy())
  // A peer that keeps its side open would keep the socket: no timeout of the server's counts for it any more.
  socket.once('finish', () => socket.destroy())
  const contentType = body === '' ? '' : `Content-Type: ${plainText}\r\n`
  const headers = `${contentType}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n`
  socket.end(`HTTP/1.1 ${status} ${text}\r\n${headers}\r\n${body}`)
}

export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** The request's own path, whatever stands in its Host header. */
export function urlOf(request: IncomingMessage): { pathname: string; query: string } {
  const target = request.url ?? '/'
  const question = target.indexOf('?')
  if (question < 0) return { pathname: target, query: '' }
  return { pathname: target.slice(0, question), query: target.slice(question + 1) }
}

/**
 * What the app is told of how a connection was opened. Most is never asked for: a connection that brings a token does
 * not need the system call that tells its address, nor a copy of its headers.
 */
export function handshakeOf(
  request: IncomingMessage,
  transport: Transport,
  protocol: Handshake['protocol'],
): Handshake {
  let headers: Handshake['headers'] | undefined
  return {
    transport,
    protocol,
    get headers() {
      headers ??= Object.fromEntries(Object.keys(request.headers).map((name) => [name, headerOf(request, name)]))
      return headers
    },
    get remoteAddress() {
      return request.socket.remoteAddress
    },
    url: request.url ?? '',
  }
}

/** Whether the page that this request comes from may connect; refusals are logged. */
export function isFromAllowedPage(logger: Logger, rules: OriginRules, request: IncomingMessage): boolean {
  const origin = headerOf(request, 'origin')
  // Of several proxies the first in the list is the one that the browser spoke to.
  const forwarded = rules.trustProxy && headerOf(request, 'x-forwarded-host')?.split(',')[0]?.trim()
  const host = forwarded || headerOf(request, 'host') || headerOf(request, ':authority')
  if (isOriginAllowed(rules, origin, host)) return true
  logger.info({ origin }, 'connection from an origin that is not allowed')
  return false
}
