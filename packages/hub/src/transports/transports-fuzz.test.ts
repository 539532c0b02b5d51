// Whatever is sent to whichever transport, over real sockets: an answer that exists, nobody else notices, nothing stays.
import http from 'node:http'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { poll } from '../testing/poll.ts'
import { delimited, message } from '../testing/protobuf.ts'
import { serveHub, type ServedHub } from '../testing/served-hub.ts'
import { StreamClient } from '../testing/stream-client.ts'

/** How many frames and bodies: more by `FUZZ_RUNS=1000000`. */
const runs = Math.ceil(Number(process.env['FUZZ_RUNS'] ?? 5000) / 10)

let served: ServedHub
const errors: unknown[] = []

beforeAll(async () => {
  const enabled = { enabled: true }
  const collect = (fields: object, text: string): void => void errors.push([text, fields])
  const ignore = (): void => {}
  served = await serveHub({
    logger: { debug: ignore, info: ignore, warn: ignore, error: collect },
    handlers: { onRpc: ({ data }) => ({ data }), onMessage: () => {} },
    config: {
      http_stream: enabled,
      sse: enabled,
      uni_http_stream: enabled,
      uni_sse: enabled,
      uni_websocket: enabled,
      channel: {
        namespaces: [
          {
            name: 'kept',
            allow_subscribe_for_client: true,
            allow_publish_for_client: true,
            allow_history_for_client: true,
            presence: true,
            allow_presence_for_client: true,
            join_leave: true,
            force_push_join_leave: true,
            allow_tags_filter: true,
            allowed_delta_types: ['fossil'],
            history_size: 10,
            history_ttl: '60s',
            force_recovery: true,
          },
        ],
      },
    },
  })
})

afterAll(() => served.close())

const text = fc.constantFrom('', 'kept:a', 'kept:b', 'nowhere:a', '__proto__', 'fossil', 'and', 'eq', '\u{1f600}')
const odd = fc.oneof(
  fc.anything({ maxDepth: 2 }),
  fc.constantFrom<unknown>(null, -1, 2 ** 53, 1e308, '__proto__', [], {}, true),
)
const names = [
  ...'connect subscribe unsubscribe publish presence presence_stats history rpc refresh sub_refresh send ping'.split(
    ' ',
  ),
  ...'channel token data recover epoch offset delta flag type tf limit since reverse method subs headers'.split(' '),
]
const { body } = fc.letrec<{ body: unknown }>((tie) => ({
  body: fc.dictionary(fc.constantFrom(...names), fc.oneof({ maxDepth: 3 }, text, odd, tie('body')), { maxKeys: 4 }),
}))
const jsonCommand = fc
  .tuple(fc.constantFrom(...names.slice(0, 12)), body, fc.nat(5))
  .map(([kind, members, id]) => stringify({ id, [kind]: { channel: 'kept:a', ...(members as object) } }))
const jsonFrame = fc.oneof(
  { weight: 8, arbitrary: fc.array(jsonCommand, { minLength: 1, maxLength: 3 }).map((lines) => lines.join('\n')) },
  { weight: 1, arbitrary: fc.string() },
  { weight: 2, arbitrary: fc.tuple(jsonCommand, fc.nat(40)).map(([line, length]) => line.slice(0, length)) },
)

function stringify(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? ''
}

const field = fc.integer({ min: 1, max: 15 })
const { bytes } = fc.letrec<{ bytes: Buffer }>((tie) => ({
  bytes: fc
    .array(
      fc.tuple(
        field,
        fc.oneof(
          { maxDepth: 3 },
          text.filter((value) => value.length < 128),
          fc.nat(127),
          fc.uint8Array({ maxLength: 20 }),
          tie('bytes'),
        ),
      ),
      { maxLength: 4 },
    )
    .map((fields) => message(...fields)),
}))
const protobufCommand = fc
  .tuple(fc.integer({ min: 4, max: 15 }), bytes, fc.nat(5))
  .map(([kind, inner, id]) => delimited(message([1, id], [kind, inner])))
const protobufFrame = fc
  .tuple(fc.array(protobufCommand, { minLength: 1, maxLength: 3 }), fc.array(fc.tuple(fc.nat(60), fc.nat(255))))
  .map(([commands, changes]) => {
    const frame = Buffer.concat(commands)
    // Half of them are broken somewhere.
    if (changes.length % 2 === 0) return frame
    for (const [at, value] of changes) if (at < frame.length) frame[at] = value
    return frame.subarray(0, frame.length - ((changes[0]?.[0] ?? 0) % 5))
  })

const connect = {
  json: (): string => JSON.stringify({ id: 1, connect: { token: served.token('mallory') } }),
  protobuf: (): Buffer => delimited(message([1, 1], [4, message([1, served.token('mallory')])])),
}

/** Codes that a peer's own doing can lead to; anything else would be the hub's mistake. */
const closeCodes = [1000, 1005, 3005, 3010, 3500, 3501, 3503, 3506, 3508]

/** Sends frames; gives the code it was closed with, or undefined when it was still open after all of them. */
async function webSocketCode(path: string, frames: (string | Buffer)[]): Promise<number | undefined> {
  const webSocket = new WebSocket(served.origin.replace('http', 'ws') + path, { perMessageDeflate: false })
  webSocket.on('error', () => {})
  const code = new Promise<number | undefined>((resolve) => {
    webSocket.once('close', resolve)
    // Answered behind everything that was sent before it.
    webSocket.once('pong', () => resolve(undefined))
  })
  await new Promise((resolve) => webSocket.once('open', resolve))
  for (const frame of frames) webSocket.send(frame)
  webSocket.ping()
  const result = await code
  webSocket.terminate()
  return result
}

interface Answer {
  readonly status: number
  readonly text: string
}

/** The answer as far as it has come by its first bytes; then the client goes away. */
function answerTo(
  path: string,
  headers: Record<string, string>,
  sent: string | Buffer,
  method = 'POST',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(served.origin + path, { method, headers, agent: false }, (response) => {
      let read = ''
      const done = (): void => {
        resolve({ status: response.statusCode ?? 0, text: read })
        request.destroy()
      }
      response.on('end', done).on('data', (chunk: Buffer) => {
        read += chunk.toString('latin1')
        if (read.trim() !== '') done()
      })
    })
    request.on('error', reject)
    request.end(sent)
  })
}

const binary = { 'content-type': 'application/octet-stream' }
const refusals = [400, 404, 413]

async function checkWebSockets([frame, isConnected, isBinary]:
  | [string, boolean, false]
  | [Buffer, boolean, true]): Promise<void> {
  const codec = isBinary ? 'protobuf' : 'json'
  const frames = [...(isConnected ? [connect[codec]()] : []), frame]
  expect([undefined, ...closeCodes]).toContain(
    await webSocketCode(`/connection/websocket?cf_protocol=${codec}`, frames),
  )
}

async function checkStreams(frame: string): Promise<void> {
  for (const path of ['/connection/http_stream', '/connection/sse']) {
    const { status, text: told } = await answerTo(path, {}, frame)
    expect(status).toBe(200)
    expect(told).toMatch(/"connect"|"error"|"disconnect"/)
  }
  const uni = await answerTo('/connection/uni_http_stream', {}, frame)
  expect([200, ...refusals]).toContain(uni.status)
  const query = new URLSearchParams({ cf_connect: frame.slice(0, 2000) }).toString()
  const events = await answerTo(`/connection/uni_sse?${query}`, {}, '', 'GET')
  expect([200, ...refusals]).toContain(events.status)
  expect([undefined, ...closeCodes]).toContain(await webSocketCode('/connection/uni_websocket', [frame]))
}

async function checkProtobufStream(frame: Buffer): Promise<void> {
  expect((await answerTo('/connection/http_stream', binary, frame)).status).toBe(200)
}

async function checkEmulation(request: string | Buffer): Promise<void> {
  const headers = typeof request === 'string' ? {} : binary
  expect([204, ...refusals]).toContain((await answerTo('/emulation', headers, request)).status)
}

test(`${runs} frames and bodies of nonsense`, async () => {
  const witness = new WebSocket(served.websocketUrl)
  const heard: string[] = []
  witness.on('message', (data: Buffer) => {
    for (const line of data.toString('utf8').split('\n')) {
      if (line === '{}') witness.send('{}')
      else heard.push(line)
    }
  })
  await new Promise((resolve) => witness.once('open', resolve))
  witness.send(JSON.stringify({ id: 1, connect: { token: served.token('witness') } }))

  // A session of the emulation's own, which the requests may name.
  const open = (): StreamClient => new StreamClient(`${served.origin}/connection/http_stream`, { body: connect.json() })
  let stream = open()
  const key = (): string => /"session":"([^"]+)"/.exec(stream.text)?.[1] ?? ''
  await poll(key).not.toBe('')

  const emulated = fc
    .tuple(fc.oneof(jsonFrame, odd), fc.boolean())
    .map(([data, isHere]) => stringify({ session: key(), node: isHere ? served.hub.id : 'elsewhere', data }))
  const emulatedBinary = fc
    .tuple(protobufFrame, fc.uint8Array({ maxLength: 30 }), fc.boolean())
    .map(([data, noise, isNoise]) =>
      isNoise ? Buffer.from(noise) : message([1, served.hub.id], [2, key()], [3, data]),
    )
  const check = fc.oneof(
    fc.tuple(jsonFrame, fc.boolean()).map(
      ([frame, is]) =>
        (): Promise<void> =>
          checkWebSockets([frame, is, false]),
    ),
    fc.tuple(protobufFrame, fc.boolean()).map(
      ([frame, is]) =>
        (): Promise<void> =>
          checkWebSockets([frame, is, true]),
    ),
    jsonFrame.map((frame) => (): Promise<void> => checkStreams(frame)),
    protobufFrame.map((frame) => (): Promise<void> => checkProtobufStream(frame)),
    emulated.map((request) => (): Promise<void> => checkEmulation(request)),
    emulatedBinary.map((request) => (): Promise<void> => checkEmulation(request)),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(check, { minLength: 8, maxLength: 8 }), async (checks) => {
      await Promise.all(checks.map((run) => run()))
      expect(errors).toEqual([])
      // What it was told may have ended it.
      if (stream.ended) {
        stream = open()
        await poll(key).not.toBe('')
      }
    }),
    { numRuns: Math.ceil(runs / 8), endOnFailure: true },
  )
  stream.abort()
  heard.length = 0
  witness.send('{"id":2,"rpc":{"method":"echo","data":[1]}}')
  await poll(() => heard).toContain('{"id":2,"rpc":{"data":[1]}}')
  witness.terminate()
  await poll(() => served.hub.gauges()).toMatchObject({
    sessions: 0,
    sockets: 0,
    channels: 0,
    subscriptions: 0,
    alarms: 0,
  })
}, 3_600_000)
