/** Small things of HTTP that the server's own endpoints share. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

export function answer(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
    ...headers,
  })
  response.end(body)
}

export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  answer(response, status, 'application/json', JSON.stringify(body))
}

export function answerText(response: ServerResponse, status: number, text: string): void {
  answer(response, status, 'text/plain; charset=utf-8', `${text}\n`)
}

/** In Centrifugo's words. */
export const notFound = '404 page not found'

/** Ends an upgrade that nobody wants. */
export function refuseUpgrade(socket: Duplex): void {
  socket.on('error', () => socket.destroy())
  socket.once('finish', () => socket.destroy())
  const headers = `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${notFound.length + 1}\r\nConnection: close`
  socket.end(`HTTP/1.1 404 Not Found\r\n${headers}\r\n\r\n${notFound}\n`)
}

/** The path alone, as the client wrote it. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/'
}

/** The whole body; undefined when it is longer than `limit` bytes or was cut off. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length <= limit) chunks.push(chunk)
    }
  } catch {
    return undefined
  }
  return length > limit ? undefined : Buffer.concat(chunks)
}
