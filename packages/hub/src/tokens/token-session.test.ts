// Tokens over a session, where verifying one takes time: what comes meanwhile waits, and what ends meanwhile is over.
import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { MemoryPeer } from '../testing/index.ts'
import { createTestHub, type TestHub } from '../testing/index.ts'
import { makeToken } from '../testing/token-maker.ts'

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

let hub: TestHub
let seconds: number

beforeEach(() => {
  hub = createTestHub({
    config: {
      client: { token: { ecdsa_public_key: publicKey.export({ type: 'spki', format: 'pem' }).toString() } },
      channel: { namespaces: [{ name: 'open', allow_subscribe_for_client: true }, { name: 'closed' }] },
    },
  })
  seconds = hub.clock.now() / 1000
})

afterEach(() => hub.close())

const token = (claims: object): string => makeToken({ alg: 'ES256' }, claims, 'ES256', privateKey)

/** Waits until the peer has this many messages, or was closed. */
async function messages(peer: MemoryPeer, count: number): Promise<void> {
  await expect
    .poll(() => {
      hub.clock.tick()
      return peer.closed !== undefined || peer.messages.length >= count
    })
    .toBe(true)
}

async function connected(claims: object): Promise<MemoryPeer> {
  const peer = hub.peer()
  peer.send({ id: 1, connect: { token: token(claims) } })
  await messages(peer, 1)
  return peer
}

test('commands wait in order behind a connect, a subscribe, a refresh and a sub_refresh', async () => {
  const peer = hub.peer()
  const subscription = token({ sub: 'alice', channel: 'closed:a', exp: seconds + 100 })
  peer.send(
    { id: 1, connect: { token: token({ sub: 'alice', exp: seconds + 60 }) } },
    { id: 2, subscribe: { channel: 'closed:a', token: subscription } },
    { id: 3, refresh: { token: token({ sub: 'alice', exp: seconds + 120 }) } },
    {
      id: 4,
      sub_refresh: { channel: 'closed:a', token: token({ sub: 'alice', channel: 'closed:a', exp: seconds + 200 }) },
    },
    { id: 5, subscribe: { channel: 'open:a' } },
    { id: 6, unsubscribe: { channel: 'closed:a' } },
  )
  hub.clock.tick()
  expect(peer.messages).toEqual([])
  await messages(peer, 6)
  expect(peer.messages.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6])
  expect(peer.messages).toMatchObject([
    { connect: { expires: true, ttl: 60 } },
    { subscribe: { expires: true, ttl: 100 } },
    { refresh: { expires: true, ttl: 120 } },
    { sub_refresh: { expires: true, ttl: 200 } },
    { subscribe: {} },
    { unsubscribe: {} },
  ])
})

test('a connection that is gone before its token was verified leaves nothing', async () => {
  const peer = hub.peer()
  peer.send({ id: 1, connect: { token: token({ sub: 'alice', channels: ['open:a'] }) } })
  peer.session.closed()
  await new Promise((resolve) => setTimeout(resolve, 50))
  hub.clock.tick()
  expect(peer.messages).toEqual([])
  expect([hub.core.registry.userCount, hub.core.registry.channelCount]).toEqual([0, 0])
})

test('a subscription that ended while its new token was verified is not renewed', async () => {
  const peer = await connected({ sub: 'alice' })
  peer.send({
    id: 2,
    subscribe: { channel: 'closed:a', token: token({ sub: 'alice', channel: 'closed:a', exp: seconds + 9 }) },
  })
  await messages(peer, 2)
  peer.send({ id: 3, sub_refresh: { channel: 'closed:a', token: token({ sub: 'alice', channel: 'closed:a' }) } })
  peer.session.unsubscribeFrom('closed:a', { code: 2000, reason: 'server unsubscribe' })
  await messages(peer, 4)
  expect(peer.messages.slice(2)).toMatchObject([
    { push: { channel: 'closed:a', unsubscribe: { code: 2000 } } },
    { id: 3, error: { code: 103 } },
  ])
})

test('a subscription that the server ends while its token is verified ends behind its answer', async () => {
  const peer = await connected({ sub: 'alice' })
  peer.send({ id: 2, subscribe: { channel: 'closed:a', token: token({ sub: 'alice', channel: 'closed:a' }) } })
  peer.session.unsubscribeFrom('closed:a', { code: 2000, reason: 'server unsubscribe' })
  await messages(peer, 3)
  expect(peer.messages.slice(1)).toMatchObject([
    { id: 2, subscribe: {} },
    { push: { channel: 'closed:a', unsubscribe: { code: 2000 } } },
  ])
  expect(peer.session.subscriptions.size).toBe(0)
})

test('rules that are replaced while a token is verified hold for its subscription', async () => {
  const peer = await connected({ sub: 'alice' })
  peer.send({ id: 2, subscribe: { channel: 'closed:a', token: token({ sub: 'alice', channel: 'closed:a' }) } })
  const { without_namespace: options } = hub.core.config.channel
  hub.core.namespaces.replace({ without_namespace: options, namespaces: [] })
  await messages(peer, 2)
  expect(peer.reply(2)).toMatchObject({ error: { code: 102 } })
})

test.each<[string, object, object]>([
  ['expired', { sub: 'alice', exp: 1 }, { connect: 109, refresh: 3005, subscribe: 109, subRefresh: 3006 }],
  ['not yet valid', { sub: 'alice', nbf: 9e9 }, { connect: 109, refresh: 3005, subscribe: 109, subRefresh: 3006 }],
  ['with a wrong type', { sub: 5 }, { connect: 3500, refresh: 3500, subscribe: 103, subRefresh: 3500 }],
  ['of somebody else', { sub: 'bob' }, { connect: 0, refresh: 3500, subscribe: 3500, subRefresh: 3500 }],
])('a token that is %s', async (_name, claims, expected) => {
  const code = async (peer: MemoryPeer, id: number, command: object): Promise<number> => {
    const before = peer.messages.length
    peer.send({ id, ...command })
    await messages(peer, before + 1)
    const error = peer.reply(id)?.['error'] as { code: number } | undefined
    return peer.closed?.code ?? error?.code ?? 0
  }
  const bad = token(claims)
  const badSubscription = token({ ...claims, channel: 'closed:a' })
  const good = token({ sub: 'alice', channel: 'closed:a', exp: seconds + 60 })
  const renewing = await connected({ sub: 'alice' })
  expect(await code(renewing, 2, { subscribe: { channel: 'closed:a', token: good } })).toBe(0)
  expect({
    connect: await code(hub.peer(), 1, { connect: { token: bad } }),
    refresh: await code(await connected({ sub: 'alice' }), 2, { refresh: { token: bad } }),
    subscribe: await code(await connected({ sub: 'alice' }), 2, {
      subscribe: { channel: 'closed:a', token: badSubscription },
    }),
    subRefresh: await code(renewing, 3, { sub_refresh: { channel: 'closed:a', token: badSubscription } }),
  }).toEqual(expected)
})

test('what a token says of the connection is kept, and replaced by a refreshed one', async () => {
  const peer = await connected({ sub: 'alice', info: { a: 1 }, meta: { b: 2 }, jti: '1', iat: 5, exp: seconds + 60 })
  expect(peer.session.info).toMatchObject({ user: 'alice', connInfo: '{"a":1}' })
  expect(peer.session.meta).toBe('{"b":2}')
  expect(peer.session.token).toEqual({ id: '1', issuedAt: 5 })
  expect(JSON.stringify(peer.messages)).not.toContain('"b"')
  peer.send({ id: 2, refresh: { token: token({ sub: 'alice', meta: [3], jti: '2' }) } })
  await messages(peer, 2)
  expect(peer.reply(2)).toEqual({ id: 2, refresh: {} })
  expect(peer.session.info.connInfo).toBe('{"a":1}')
  expect(peer.session.meta).toBe('[3]')
  expect(peer.session.token).toEqual({ id: '2', issuedAt: 0 })
})
