import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { EngineOptions } from '../engine-config.ts'
import { apiKey, textOf } from '../payload.ts'
import { type LoopRequest, timeLoop } from './loop.ts'

/** What the benchmark wants of this server, from its command line. */
export function engineOptions(): EngineOptions {
  return JSON.parse(process.argv[2] ?? '{}') as EngineOptions
}

/** What belongs to a server beside its own process. */
interface Children {
  readonly pids: readonly number[]
  /** Ends them. */
  close(): Promise<void>
}

/** Listens on a free port, says so on standard output, and ends with standard input. */
export async function serve(server: Server, version: string, children?: Children): Promise<void> {
  // Between two measurements a publisher's connection may rest for longer than Node's five seconds.
  server.keepAliveTimeout = 600_000
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ port, version, pids: children?.pids ?? [] }))
  const end = async (): Promise<void> => {
    await children?.close()
    process.exit(0)
  }
  process.stdin.on('end', () => void end()).resume()
}

type Publish = (channel: string, data: unknown) => void

/**
 * A server without Centrifugo's API of its own: publishes what comes in as `/api/publish`, `/api/broadcast` and
 * `/bench/burst`. What it does besides is the least: no promise, no iterator.
 *
 * @param broadcast to several channels at once, where the library has a way of its own
 */
export function publishingServer(
  publish: Publish,
  broadcast: (channels: readonly string[], data: unknown) => void = (channels, data) => {
    for (const channel of channels) publish(channel, data)
  },
): Server {
  return createServer((request, response) => {
    if (request.headers['x-api-key'] !== apiKey) return answerJson(response, 401, '{}')
    if (request.url === '/bench/burst') return void burst(request, response, publish)
    if (request.url === '/bench/loop') {
      return void loop(request, response, ({ channel }, data) => publish(channel, data))
    }
    const chunks: Buffer[] = []
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const { channel, channels, data } = JSON.parse(Buffer.concat(chunks).toString()) as {
          channel: string
          channels?: string[]
          data: unknown
        }
        if (channels) broadcast(channels, data)
        else publish(channel, data)
        answerJson(response, 200, '{"result":{}}')
      })
  })
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

/** Publishes as often as is asked for, and answers what it took. */
export async function loop(
  request: IncomingMessage,
  response: ServerResponse,
  publish: (request: LoopRequest, data: object) => void,
): Promise<void> {
  const asked = (await readJson(request)) as LoopRequest
  const data = { seq: 10_000_000, text: textOf(128) }
  answerJson(response, 200, JSON.stringify(timeLoop(asked.count, () => publish(asked, data))))
}

/** The version of an installed library, whether or not it exports its manifest. */
export function versionOf(library: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.resolve(library))); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json')
    if (!existsSync(manifest)) continue
    const { name, version } = JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string; version: string }
    if (name === library) return version
  }
}
