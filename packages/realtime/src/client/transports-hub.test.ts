// The official client, a bare EventSource and curl against the hub's transports, over real sockets.
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { Centrifuge as JsonCentrifuge, type TransportEndpoint } from 'centrifuge'
import { Centrifuge as ProtobufCentrifuge } from 'centrifuge/build/protobuf'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createHub, type Hub } from '@backchannel/hub'

let hub: Hub
let server: http.Server
let origin: string
const clients: JsonCentrifuge[] = []
const processes: ChildProcess[] = []

beforeEach(async () => {
  const enabled = { enabled: true }
  hub = createHub({
    register: false,
    handlers: {
      onConnect: ({ transport }) => ({ user: transport, channels: ['open:own'] }),
      onRpc: ({ data }) => ({ data }),
    },
    config: {
      http_stream: enabled,
      sse: enabled,
      uni_sse: enabled,
      uni_http_stream: enabled,
      channel: {
        namespaces: [
          {
            name: 'open',
            allow_subscribe_for_client: true,
            allow_publish_for_client: true,
            presence: true,
            allow_presence_for_client: true,
            history_size: 10,
            history_ttl: '60s',
            force_recovery: true,
          },
        ],
      },
    },
  })
  server = http.createServer()
  hub.attach(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  for (const process of processes.splice(0)) process.kill()
  await hub.close()
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
  const left = Object.entries(hub.gauges()).filter(([, count]) => count > 0)
  if (left.length > 0) throw new Error(`left behind: ${JSON.stringify(left)}`)
})

/** The same class, declared a second time. */
const ProtobufClient = ProtobufCentrifuge as unknown as typeof JsonCentrifuge

const poll: typeof expect.poll = (read, options) => expect.poll(read, { timeout: 10_000, ...options })

function endpoint(transport: TransportEndpoint['transport'], path = transport as string): TransportEndpoint {
  const base = transport === 'websocket' ? origin.replace('http', 'ws') : origin
  return { transport, endpoint: `${base}/connection/${path}` }
}

/** Connects, and does a bit of everything; gives the transport that it came to. */
async function converse(Centrifuge: typeof JsonCentrifuge, transports: TransportEndpoint[]): Promise<string> {
  const client = new Centrifuge(transports, { emulationEndpoint: `${origin}/emulation`, minReconnectDelay: 10 })
  clients.push(client)
  const connected = new Promise<string>((resolve) => client.once('connected', ({ transport }) => resolve(transport)))
  const heard: unknown[] = []
  const subscription = client.newSubscription('open:a')
  subscription.on('publication', ({ data }) => heard.push(data))
  const subscribed = new Promise((resolve) => subscription.once('subscribed', resolve))
  subscription.subscribe()
  client.connect()
  const transport = await connected
  await subscribed
  const bytes = (value: unknown): unknown =>
    Centrifuge === JsonCentrifuge ? value : new TextEncoder().encode(JSON.stringify(value))
  const value = (data: unknown): unknown =>
    Centrifuge === JsonCentrifuge ? data : (JSON.parse(Buffer.from(data as Uint8Array).toString()) as unknown)
  expect(value((await client.rpc('echo', bytes({ n: 0 }))).data)).toEqual({ n: 0 })
  for (let n = 1; n <= 5; n++) await subscription.publish(bytes({ n }))
  void hub.publish('open:a', { n: 6 })
  await poll(() => heard.map(value)).toEqual([1, 2, 3, 4, 5, 6].map((n) => ({ n })))
  expect(Object.keys((await subscription.presence()).clients)).toHaveLength(1)

  // What is missed while the connection is gone comes with the next one, over the same transport.
  const again = new Promise((resolve) => subscription.once('subscribed', resolve))
  void hub.call('disconnect', { user: transport, disconnect: { code: 3011, reason: 'force reconnect' } })
  void hub.publish('open:a', { n: 7 })
  expect(await again).toMatchObject({ wasRecovering: true, recovered: true })
  await poll(() => heard.map(value).at(-1)).toEqual({ n: 7 })
  client.disconnect()
  await poll(() => hub.gauges().sessions).toBe(0)
  return transport
}

test('in JSON: a WebSocket that can’t be had gives way to HTTP-streaming', async () => {
  const transports = [endpoint('websocket', 'nothing'), endpoint('http_stream'), endpoint('sse')]
  expect(await converse(JsonCentrifuge, transports)).toBe('http_stream')
})

test('in Protobuf: the same', async () => {
  const transports = [endpoint('websocket', 'nothing'), endpoint('http_stream')]
  expect(await converse(ProtobufClient, transports)).toBe('http_stream')
})

test('in Protobuf over WebSocket', async () => {
  expect(await converse(ProtobufClient, [endpoint('websocket')])).toBe('websocket')
})

/** Lines that a process writes, as they come. */
function linesOf(command: string, args: string[]): string[] {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  processes.push(child)
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  return lines
}

/** Node has an EventSource, behind a flag. */
function withEventSource(script: string): string[] {
  return linesOf(process.execPath, [
    '--experimental-eventsource',
    '--no-warnings',
    '--input-type=module',
    '--eval',
    script,
  ])
}

test('server-sent events, when nothing else can be had', async () => {
  const transports = JSON.stringify([
    endpoint('websocket', 'nothing'),
    endpoint('http_stream', 'nothing'),
    endpoint('sse'),
  ])
  const lines = withEventSource(`
    import { Centrifuge } from 'centrifuge'
    const client = new Centrifuge(${transports}, { emulationEndpoint: '${origin}/emulation' })
    client.on('connected', ({ transport }) => console.log(transport))
    const subscription = client.newSubscription('open:a')
    subscription.on('publication', ({ data }) => console.log(data.n))
    subscription.on('subscribed', () => subscription.publish({ n: 1 }))
    subscription.subscribe()
    client.connect()
  `)
  await poll(() => lines).toEqual(['sse', '1'])
  void hub.publish('open:a', { n: 2 })
  await poll(() => lines.at(-1)).toBe('2')
})

/** The documentation's own examples, at this server. */
function example(language: string): string {
  const page = readFileSync(new URL('../../../../docs/transports.md', import.meta.url), 'utf8')
  const [, code = ''] = new RegExp(`\\n\`\`\`${language}\n([^]*?)\`\`\``).exec(page) ?? []
  return code.replaceAll('https://app.example.com', origin)
}

test('the documentation’s bare EventSource', async () => {
  const lines = withEventSource(`
    const token = ''
    const show = (channel, data) => console.log(channel, data.n)
    ${example('js')}
    source.addEventListener('message', ({ data }) => data.includes('"connect"') && console.log('connected'))
    setInterval(() => source.readyState === EventSource.CLOSED && (console.log('over'), process.exit()), 20)
  `)
  await poll(() => lines).toEqual(['connected'])
  void hub.publish('open:own', { n: 1 })
  await poll(() => lines.at(-1)).toBe('open:own 1')
  void hub.call('disconnect', { user: 'uni_sse' })
  await poll(() => lines.at(-1)).toBe('over')
})

test('the documentation’s calls of curl', async () => {
  const commands = example('sh').replace('{"token":"…"}', '{}').trim().split('\n')
  expect(commands).toHaveLength(2)
  const [events = [], stream = []] = commands.map((command) => linesOf('sh', ['-c', `exec ${command}`]))
  await poll(() => [stream.length, events.length]).toEqual([1, 3])
  expect(stream[0]).toMatch(/^\{"connect":\{.*"subs":\{"open:own"/)
  void hub.publish('open:own', 'hello')
  await poll(() => stream[1]).toMatch(/^\{"channel":"open:own","pub":\{"data":"hello",/)
  await poll(() => events[3]).toMatch(/^data: \{"channel":"open:own","pub":\{"data":"hello",/)
})
