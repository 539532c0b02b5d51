import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { invalidateUserTokens, revokeToken } from './revocation.ts'
import { runApiMethod } from '../api/server-api.ts'
import { createTestHub, type MemoryPeer, type TestHub } from '../testing/index.ts'

let hub: TestHub
let seconds: number

beforeEach(() => {
  hub = createTestHub()
  seconds = hub.clock.now() / 1000
})

afterEach(() => hub.close())

function connected(claims: { sub: string; jti?: string; iat?: number; channels?: string[] }): MemoryPeer {
  const peer = hub.peer()
  peer.send({ id: 1, connect: { token: hub.token(claims) } })
  hub.clock.tick()
  return peer
}

function subscribed(peer: MemoryPeer, channel: string, more: { jti?: string; iat?: number }): MemoryPeer {
  peer.send({ id: 2, subscribe: { channel, token: hub.token({ sub: peer.session.user, channel, ...more }) } })
  hub.clock.tick()
  return peer
}

/** What its client has been told. */
function told(peer: MemoryPeer): unknown {
  hub.clock.tick()
  const last = peer.messages.at(-1) as
    | { push?: { unsubscribe?: { code: number } }; error?: { code: number } }
    | undefined
  return peer.closed?.code ?? last?.push?.unsubscribe?.code ?? last?.error?.code ?? 'fine'
}

describe('a token that is revoked', () => {
  test('ends the connection that it opened, and no other', () => {
    const hit = connected({ sub: 'alice', jti: '1' })
    const others = [connected({ sub: 'alice', jti: '2' }), connected({ sub: 'alice' }), connected({ sub: 'bob' })]
    revokeToken(hub.core, '1')
    expect(hit.closed).toEqual({ code: 3014, reason: 'state invalidated' })
    expect(others.map(told)).toEqual(['fine', 'fine', 'fine'])
    expect(told(connected({ sub: 'alice', jti: '1' }))).toBe(109)
    expect(told(connected({ sub: 'alice', jti: '3' }))).toBe('fine')
  })

  test('ends the subscription that it opened: the client asks for another token', () => {
    const peer = subscribed(connected({ sub: 'alice' }), 'closed:a', { jti: 's' })
    expect(told(peer)).toBe('fine')
    revokeToken(hub.core, 's')
    expect(told(peer)).toBe(2502)
    expect(told(subscribed(connected({ sub: 'alice' }), 'closed:a', { jti: 's' }))).toBe(109)
  })

  test('renews nothing', () => {
    const peer = subscribed(connected({ sub: 'alice' }), 'closed:a', { jti: 's' })
    const other = connected({ sub: 'alice' })
    revokeToken(hub.core, '1')
    peer.send({
      id: 3,
      sub_refresh: { channel: 'closed:a', token: hub.token({ sub: 'alice', channel: 'closed:a', jti: '1' }) },
    })
    expect(told(peer)).toBe(3006)
    other.send({ id: 2, refresh: { token: hub.token({ sub: 'alice', jti: '1' }) } })
    expect(told(other)).toBe(3005)
  })

  test('hits what it has renewed since', () => {
    const peer = subscribed(connected({ sub: 'alice', jti: '1' }), 'closed:a', { jti: 's1' })
    peer.send(
      { id: 3, refresh: { token: hub.token({ sub: 'alice', jti: '2' }) } },
      {
        id: 4,
        sub_refresh: { channel: 'closed:a', token: hub.token({ sub: 'alice', channel: 'closed:a', jti: 's2' }) },
      },
    )
    hub.clock.tick()
    revokeToken(hub.core, '1')
    revokeToken(hub.core, 's1')
    expect(told(peer)).toBe('fine')
    revokeToken(hub.core, 's2')
    expect(told(peer)).toBe(2502)
    revokeToken(hub.core, '2')
    expect(told(peer)).toBe(3014)
  })

  test('is forgotten when it has expired anyway', () => {
    revokeToken(hub.core, '1', { expireAt: seconds + 60 })
    revokeToken(hub.core, '1', { expireAt: seconds + 10 })
    hub.clock.advance(59_000)
    expect(told(connected({ sub: 'alice', jti: '1' }))).toBe(109)
    hub.clock.advance(1000)
    expect(told(connected({ sub: 'alice', jti: '1' }))).toBe('fine')
  })

  test('is remembered for thirty days without a word on that', () => {
    revokeToken(hub.core, '1')
    hub.clock.advance(30 * 24 * 3_600_000 - 1)
    expect(told(connected({ sub: 'alice', jti: '1' }))).toBe(109)
    hub.clock.advance(1)
    expect(told(connected({ sub: 'alice', jti: '1' }))).toBe('fine')
  })
})

describe('a user’s tokens that are invalidated', () => {
  test('are those issued before, and those that don’t say when', () => {
    const hit = [connected({ sub: 'alice', iat: seconds - 1 }), connected({ sub: 'alice' })]
    const others = [
      connected({ sub: 'alice', iat: seconds + 1 }),
      connected({ sub: 'bob', iat: 1 }),
      connected({ sub: '' }),
    ]
    hub.clock.advance(500)
    invalidateUserTokens(hub.core, 'alice')
    expect(hit.map(told)).toEqual([3014, 3014])
    expect(others.map(told)).toEqual(['fine', 'fine', 'fine'])
    expect(told(connected({ sub: 'alice', iat: seconds }))).toBe(109)
    expect(told(connected({ sub: 'alice' }))).toBe(109)
    expect(told(connected({ sub: 'alice', iat: seconds + 1 }))).toBe('fine')
    expect(told(connected({ sub: 'bob' }))).toBe('fine')
  })

  test('end subscriptions, too, also where the connection has a newer token', () => {
    const peer = connected({ sub: 'alice', iat: seconds })
    subscribed(peer, 'closed:a', { iat: seconds - 100 })
    invalidateUserTokens(hub.core, 'alice', { issuedBefore: seconds - 50 })
    expect(told(peer)).toBe(2502)
    expect(told(subscribed(peer, 'closed:a', { iat: seconds - 51 }))).toBe(109)
    expect(told(subscribed(peer, 'closed:a', { iat: seconds - 50 }))).toBe('fine')
  })

  test('of one channel leave the rest', () => {
    const peer = connected({ sub: 'alice' })
    subscribed(peer, 'closed:b', {})
    subscribed(peer, 'closed:a', {})
    invalidateUserTokens(hub.core, 'alice', { channel: 'closed:a' })
    expect(told(peer)).toBe(2502)
    expect(Array.from(peer.session.subscriptions.keys())).toEqual(['closed:b'])
    expect(told(connected({ sub: 'alice' }))).toBe('fine')
    expect(told(subscribed(peer, 'closed:a', {}))).toBe(109)
    expect(told(subscribed(peer, 'closed:c', {}))).toBe('fine')
  })

  test('leave subscriptions that came without a token', () => {
    const peer = connected({ sub: 'alice', iat: seconds + 1 })
    peer.send({ id: 2, subscribe: { channel: 'open:a' } })
    hub.clock.tick()
    invalidateUserTokens(hub.core, 'alice')
    expect(told(peer)).toBe('fine')
    expect(peer.session.subscriptions.size).toBe(1)
  })

  test('a later word never takes an earlier one back', () => {
    invalidateUserTokens(hub.core, 'alice', { issuedBefore: seconds, expireAt: seconds + 100 })
    invalidateUserTokens(hub.core, 'alice', { issuedBefore: seconds - 100, expireAt: seconds + 50 })
    hub.clock.advance(99_000)
    expect(told(connected({ sub: 'alice', iat: seconds - 1 }))).toBe(109)
    hub.clock.advance(1000)
    expect(told(connected({ sub: 'alice', iat: seconds - 1 }))).toBe('fine')
  })

  test('a user whose name looks like a user and a channel is somebody else', () => {
    invalidateUserTokens(hub.core, 'a', { channel: 'b' })
    expect(told(connected({ sub: '["a","b"]' }))).toBe('fine')
  })
})

test('what says nothing is an error', () => {
  expect(() => revokeToken(hub.core, '')).toThrow('without an id')
  expect(() => invalidateUserTokens(hub.core, '')).toThrow('without a user')
  for (const time of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5' as unknown as number]) {
    expect(() => revokeToken(hub.core, '1', { expireAt: time })).toThrow('expireAt is not a time')
    expect(() => invalidateUserTokens(hub.core, 'a', { issuedBefore: time })).toThrow('issuedBefore is not a time')
  }
  expect(hub.core.tokens.revocations.size).toBe(0)
})

test('there is room for a million, and then only where others have been forgotten', () => {
  const { revocations } = hub.core.tokens
  for (let index = 0; index < 999_999; index++) revocations.revoke(String(index), { expireAt: seconds + 10 })
  revocations.revoke('last', { expireAt: seconds + 60 })
  expect(() => revocations.revoke('one more')).toThrow('Too many tokens')
  expect(() => revocations.invalidate('alice')).toThrow('Too many tokens')
  hub.clock.advance(10_000)
  revocations.revoke('one more')
  expect(revocations.size).toBe(2)
  expect(revocations.isRevoked({ id: 'last', issuedAt: 0 })).toBe(true)
})

describe('over the server API', () => {
  const call = (method: string, request: object): unknown => {
    try {
      return runApiMethod(hub.core, method, request, () => undefined)
    } catch (error) {
      return (error as { code: number }).code
    }
  }

  test('tokens are revoked and invalidated by Centrifugo’s names', () => {
    const [first, second, third] = [
      connected({ sub: 'alice', jti: '1' }),
      connected({ sub: 'bob', iat: seconds - 10 }),
      connected({ sub: 'carol' }),
    ]
    expect(call('revoke_token', { uid: '1', expire_at: seconds + 60 })).toEqual({})
    expect(call('invalidate_user_tokens', { user: 'bob', issued_before: seconds, expire_at: seconds + 60 })).toEqual({})
    expect(call('invalidate_user_tokens', { user: 'carol', channel: 'closed:a' })).toEqual({})
    expect([first, second, third].map(told)).toEqual([3014, 3014, 'fine'])
    expect(told(subscribed(third, 'closed:a', {}))).toBe(109)
    hub.clock.advance(60_000)
    expect(told(connected({ sub: 'alice', jti: '1' }))).toBe('fine')
    expect(told(connected({ sub: 'bob', iat: seconds - 10 }))).toBe('fine')
  })

  test('nobody and nothing are 107, no room is 106', () => {
    expect(call('revoke_token', {})).toBe(107)
    expect(call('invalidate_user_tokens', { channel: 'a' })).toBe(107)
    const { revocations } = hub.core.tokens
    for (let index = 0; index < 1_000_000; index++) revocations.revoke(String(index))
    expect(call('revoke_token', { uid: 'one more' })).toBe(106)
    expect(call('invalidate_user_tokens', { user: 'alice' })).toBe(106)
  })
})
