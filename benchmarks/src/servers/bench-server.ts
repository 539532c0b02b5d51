import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { textOf } from '../payload.ts'

/** Listens on a free port, says so on standard output, and ends with standard input. */
export async function serve(server: Server, version: string): Promise<void> {
  // Between two measurements a publisher's connection may rest for longer than Node's five seconds.
  server.keepAliveTimeout = 600_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ port, version }))
  process.stdin.on('end', () => process.exit(0)).resume()
}

export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString())
}

export function answerJson(response: ServerResponse, status: number, body: string): void {
  response
    .writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
    .end(body)
}

interface Burst {
  channel: string
  first: number
  count: number
  bytes: number
}

/** Publishes a burst within this tick, as an app would: an object made anew for each publication. */
export async function burst(
  request: IncomingMessage,
  response: ServerResponse,
  publish: (channel: string, data: { seq: number; text: string }) => void,
): Promise<void> {
  const { channel, first, count, bytes } = (await readJson(request)) as Burst
  const text = textOf(bytes)
  for (let seq = first; seq < first + count; seq++) publish(channel, { seq, text })
  answerJson(response, 200, '{"result":{}}')
}
