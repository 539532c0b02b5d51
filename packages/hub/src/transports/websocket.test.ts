// WebSocket connections over real sockets: both codecs, frames' own pings, those that only listen.
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { encodePushProtobuf, encodeReplyProtobuf } from '@backchannel/protocol'
import type { HubOptions } from '../options.ts'
import { poll } from '../testing/poll.ts'
import { delimited, message } from '../testing/protobuf.ts'
import { serveHub, type ServedHub } from '../testing/served-hub.ts'

let served: ServedHub
const peers: Peer[] = []

afterEach(async () => {
  for (const { webSocket } of peers.splice(0)) webSocket.terminate()
  await served.close()
})

const tokenKey = { hmac_secret_key: 'test-token-key' }

async function serve(config: HubOptions['config'] = {}): Promise<void> {
  served = await serveHub({ config: { uni_websocket: { enabled: true }, ...config } })
}

interface Peer {
  readonly webSocket: WebSocket
  readonly frames: { data: Buffer; isBinary: boolean }[]
  readonly texts: string[]
  pings: number
  close: { code: number; reason: string } | undefined
  status: number
}

interface Opening {
  readonly path?: string
  readonly protocols?: string[]
  readonly options?: WebSocket.ClientOptions
}

async function open({ path = '/connection/websocket', protocols = [], options = {} }: Opening = {}): Promise<Peer> {
  const url = served.origin.replace('http', 'ws') + path
  const webSocket = new WebSocket(url, protocols, { perMessageDeflate: false, ...options })
  const peer: Peer = { webSocket, frames: [], texts: [], pings: 0, close: undefined, status: 0 }
  peers.push(peer)
  webSocket
    .on('message', (data: Buffer, isBinary) => {
      peer.frames.push({ data, isBinary })
      peer.texts.push(data.toString('utf8'))
    })
    .on('ping', () => peer.pings++)
    .on('close', (code, reason) => (peer.close = { code, reason: reason.toString() }))
    .on('unexpected-response', (_request, response) => {
      peer.status = response.statusCode ?? 0
      response.resume()
    })
    .on('error', () => {})
  await poll(() => webSocket.readyState !== WebSocket.CONNECTING || peer.status > 0).toBe(true)
  return peer
}

const connectJson = (): string => JSON.stringify({ id: 1, connect: { token: served.token('alice') } })
const connectProtobuf = (): Buffer => delimited(message([1, 1], [4, message([1, served.token('alice')])]))
const subscribeProtobuf = (id: number, channel: string): Buffer =>
  delimited(message([1, id], [5, message([1, channel])]))

describe('which codec', () => {
  const speaksProtobuf = async (opening: Opening): Promise<boolean> => {
    const peer = await open(opening)
    peer.webSocket.send(connectProtobuf())
    await poll(() => peer.frames.length > 0 || peer.close !== undefined).toBe(true)
    return peer.frames[0]?.isBinary ?? false
  }

  test('Protobuf by subprotocol or by a parameter, JSON otherwise', async () => {
    await serve()
    expect(await speaksProtobuf({ protocols: ['centrifuge-protobuf'] })).toBe(true)
    expect(await speaksProtobuf({ path: '/connection/websocket?cf_protocol=protobuf' })).toBe(true)
    expect(await speaksProtobuf({ path: '/connection/websocket?format=protobuf' })).toBe(true)
    expect(await speaksProtobuf({})).toBe(false)
    expect(await speaksProtobuf({ protocols: ['centrifuge-json'] })).toBe(false)
    expect(await speaksProtobuf({ path: '/connection/websocket?cf_protocol=json' })).toBe(false)
  })

  test('of several subprotocols the first one that there is', async () => {
    await serve()
    const chosen = async (...protocols: string[]): Promise<string> => (await open({ protocols })).webSocket.protocol
    expect(await chosen('centrifuge-json', 'centrifuge-protobuf')).toBe('centrifuge-json')
    expect(await chosen('other', 'centrifuge-protobuf', 'centrifuge-json')).toBe('centrifuge-protobuf')
  })
})

describe('Protobuf', () => {
  test.each([false, true])('frames are binary, whole messages in order; compressed: %s', async (compression) => {
    await serve({ websocket: { compression } })
    const peer = await open({
      protocols: ['centrifuge-protobuf'],
      options: { perMessageDeflate: compression },
    })
    expect(peer.webSocket.extensions).toBe(compression ? 'permessage-deflate' : '')
    // Both in one frame.
    peer.webSocket.send(Buffer.concat([connectProtobuf(), subscribeProtobuf(2, 'open:a')]))
    const bytes = (): Buffer => Buffer.concat(peer.frames.map(({ data }) => data))
    await poll(() => bytes().includes(Buffer.from(encodeReplyProtobuf({ id: 2, subscribe: {} })))).toBe(true)
    const start = bytes().length
    for (let n = 0; n < 40; n++) void served.hub.publish('open:a', { n })
    void served.hub.call('unsubscribe', { user: 'alice', channel: 'open:a' })
    const expected = Buffer.concat([
      ...Array.from({ length: 40 }, (_, n) =>
        encodePushProtobuf({ channel: 'open:a', pub: { data: JSON.stringify({ n }), offset: 0 } }),
      ),
      encodePushProtobuf({ channel: 'open:a', unsubscribe: { code: 2000, reason: 'server unsubscribe' } }),
    ])
    await poll(() => bytes().subarray(start).toString('hex')).toBe(expected.toString('hex'))
    expect(peer.frames.every(({ isBinary }) => isBinary)).toBe(true)
    void served.hub.call('disconnect', { user: 'alice' })
    await poll(() => peer.close).toEqual({ code: 3503, reason: 'force disconnect' })
  })

  test('data that is no JSON reaches those who speak it, and closes those who don’t: 3506', async () => {
    await serve({
      channel: { namespaces: [{ name: 'open', allow_subscribe_for_client: true, allow_publish_for_client: true }] },
      client: { token: tokenKey },
    })
    const json = await open()
    json.webSocket.send(`${connectJson()}\n{"id":2,"subscribe":{"channel":"open:a"}}`)
    await poll(() => json.texts.join('\n').split('\n').length).toBe(2)
    const protobuf = await open({ protocols: ['centrifuge-protobuf'] })
    protobuf.webSocket.send(Buffer.concat([connectProtobuf(), subscribeProtobuf(2, 'open:a')]))
    const data = Buffer.from([0, 255, 1])
    protobuf.webSocket.send(delimited(message([1, 3], [7, message([1, 'open:a'], [2, data])])))
    await poll(() => Buffer.concat(protobuf.frames.map((frame) => frame.data)).includes(data)).toBe(true)
    await poll(() => json.close).toEqual({ code: 3506, reason: 'inappropriate protocol' })
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a length of more than there is', Buffer.from([200, 1, 8])],
    ['a length of four gigabytes', Buffer.from([255, 255, 255, 255, 15])],
    ['a length that never ends', Buffer.alloc(40, 255)],
    ['text', Buffer.from('{"id":1,"connect":{}}')],
  ])('%s is 3501', async (_name, bytes) => {
    await serve()
    const peer = await open({ protocols: ['centrifuge-protobuf'] })
    peer.webSocket.send(bytes)
    await poll(() => peer.close).toEqual({ code: 3501, reason: 'bad request' })
  })
})

describe('pings with frames of WebSocket’s own', () => {
  const fast = { client: { token: tokenKey, ping_interval: '150ms', pong_timeout: '100ms' } }

  test('take the place of the protocol’s, of which the client is not told', async () => {
    await serve(fast)
    const peer = await open({ path: '/connection/websocket?cf_ws_frame_ping_pong=true' })
    peer.webSocket.send(connectJson())
    await poll(() => peer.pings).toBeGreaterThan(3)
    expect(peer.texts).toHaveLength(1)
    expect(peer.texts[0]).toContain('"connect"')
    expect(peer.texts[0]).not.toMatch(/"ping"|"pong"/)
    // A pong that nobody asked for is allowed here.
    peer.webSocket.pong()
    await poll(() => peer.pings).toBeGreaterThan(5)
  })

  test('one that is not answered is the end: 3012', async () => {
    await serve(fast)
    const peer = await open({
      path: '/connection/websocket?cf_ws_frame_ping_pong=true',
      options: { autoPong: false },
    })
    peer.webSocket.send(connectJson())
    await poll(() => peer.close).toEqual({ code: 3012, reason: 'no pong' })
  })
})

test('disabled, the path is the app’s', async () => {
  await serve({ websocket: { disabled: true } })
  expect((await open()).status).toBe(404)
  expect((await fetch(`${served.origin}/connection/websocket`)).status).toBe(404)
})

test('the path can be moved', async () => {
  await serve({ websocket: { handler_prefix: '/ws' } })
  expect((await open()).status).toBe(404)
  expect((await open({ path: '/ws' })).webSocket.readyState).toBe(WebSocket.OPEN)
})

describe('unidirectional', () => {
  const path = '/connection/uni_websocket'
  const request = (claims: object = { channels: ['open:a'] }): string =>
    JSON.stringify({ token: served.token('alice', claims) })

  test.each(['first frame', 'parameter'])('connects by %s, and hears bare pushes, one per frame', async (way) => {
    await serve()
    const query = way === 'parameter' ? `?cf_connect=${encodeURIComponent(request())}` : ''
    const peer = await open({ path: path + query })
    if (way === 'first frame') peer.webSocket.send(request())
    await poll(() => peer.texts.length).toBe(1)
    expect(JSON.parse(peer.texts[0] ?? '')).toEqual({
      connect: {
        client: expect.any(String) as string,
        version: expect.any(String) as string,
        subs: { 'open:a': {} },
        ping: 25,
        session: expect.any(String) as string,
      },
    })
    // Nobody listens to what else it says.
    peer.webSocket.send('whatever')
    for (let n = 0; n < 3; n++) void served.hub.publish('open:a', { n })
    await poll(() => peer.texts.length).toBe(4)
    void served.hub.call('disconnect', { user: 'alice' })
    await poll(() => peer.close).toEqual({ code: 3503, reason: 'force disconnect' })
    expect(peer.texts.slice(1)).toEqual([
      '{"channel":"open:a","pub":{"data":{"n":0}}}',
      '{"channel":"open:a","pub":{"data":{"n":1}}}',
      '{"channel":"open:a","pub":{"data":{"n":2}}}',
      '{"disconnect":{"code":3503,"reason":"force disconnect"}}',
    ])
  })

  test.each([false, true])('joined, a frame has several, a line each; compressed: %s', async (compression) => {
    await serve({ uni_websocket: { enabled: true, join_push_messages: true, compression } })
    const peer = await open({ path, options: { perMessageDeflate: compression } })
    peer.webSocket.send(request())
    await poll(() => peer.texts.length).toBe(1)
    for (let n = 0; n < 3; n++) void served.hub.publish('open:a', n)
    await poll(() => peer.texts.length).toBe(2)
    expect(peer.texts[1]?.split('\n')).toHaveLength(3)
  })

  test('compressed and not joined, each is a message of its own', async () => {
    await serve({ uni_websocket: { enabled: true, compression: true } })
    const peer = await open({ path, options: { perMessageDeflate: true } })
    expect(peer.webSocket.extensions).toBe('permessage-deflate')
    peer.webSocket.send(request())
    await poll(() => peer.texts.length).toBe(1)
    for (let n = 0; n < 3; n++) void served.hub.publish('open:a', n)
    await poll(() => peer.texts.slice(1)).toEqual([0, 1, 2].map((n) => `{"channel":"open:a","pub":{"data":${n}}}`))
  })

  test('why it ends can be left to Close', async () => {
    await serve({ uni_websocket: { enabled: true, disable_disconnect_push: true } })
    const peer = await open({ path })
    peer.webSocket.send('{"token":"x"}')
    await poll(() => peer.close).toEqual({ code: 3500, reason: 'invalid token' })
    expect(peer.texts).toEqual([])
  })

  test('it can end without Close, behind the message that says why', async () => {
    await serve({ uni_websocket: { enabled: true, disable_closing_handshake: true } })
    const peer = await open({ path })
    peer.webSocket.send('{"token":"x"}')
    await poll(() => peer.close).toEqual({ code: 1006, reason: '' })
    expect(peer.texts).toEqual(['{"disconnect":{"code":3500,"reason":"invalid token"}}'])
    await poll(() => served.hub.gauges().sockets).toBe(0)
  })

  test('pings come both ways; only the frames have to be answered', async () => {
    await serve({
      client: { token: tokenKey, ping_interval: '150ms', pong_timeout: '100ms' },
      uni_websocket: { enabled: true },
    })
    const peer = await open({ path })
    peer.webSocket.send(request({}))
    await poll(() => peer.pings).toBeGreaterThan(3)
    expect(peer.texts.slice(1, 4)).toEqual(['{}', '{}', '{}'])
    const dead = await open({ path, options: { autoPong: false } })
    dead.webSocket.send(request({}))
    await poll(() => dead.close?.code).toBe(3012)
    expect(peer.close).toBeUndefined()
  })

  test('a request that is none: 400 in the address, 3501 in the first frame', async () => {
    await serve()
    for (const bad of ['{garbage', '[]', '"x"', '{"token":1}']) {
      expect((await open({ path: `${path}?cf_connect=${encodeURIComponent(bad)}` })).status, bad).toBe(400)
    }
    for (const bad of ['', '{garbage', '[]', '"x"', '{"token":1}']) {
      const peer = await open({ path })
      peer.webSocket.send(bad)
      await poll(() => peer.close, { message: bad }).toEqual({ code: 3501, reason: 'bad request' })
      expect(peer.texts, bad).toEqual([])
    }
    // This one is understood, and says nothing of who it is.
    const peer = await open({ path })
    peer.webSocket.send('null')
    await poll(() => peer.close).toEqual({ code: 3501, reason: 'bad request' })
    expect(peer.texts).toEqual(['{"disconnect":{"code":3501,"reason":"bad request"}}'])
    expect((await open({ path, options: { origin: 'https://evil.example' } })).status).toBe(403)
  })

  test('one that says nothing is stale', async () => {
    await serve({ client: { token: tokenKey, stale_close_delay: '200ms' }, uni_websocket: { enabled: true } })
    const peer = await open({ path })
    await poll(() => peer.close).toEqual({ code: 3502, reason: 'stale' })
  })
})
