// Ways in that ask for no signed token: a header of the server in front, and the insecure options.
import { afterEach, describe, expect, test } from 'vitest'
import type { HubConfig } from '../config/config.ts'
import { createHub } from '../hub.ts'
import { createTestHub, type MemoryPeer, type TestHub } from '../testing/index.ts'
import { encodePart } from '../testing/token-maker.ts'

let hub: TestHub

afterEach(() => hub.close())

function create(client: HubConfig['client'], channel: HubConfig['channel'] = {}): void {
  hub = createTestHub({ config: { client: { token: { hmac_secret_key: 'test-token-key' }, ...client }, channel } })
}

function connect(command: object, headers: Record<string, string> = {}): MemoryPeer {
  const peer = hub.peer()
  const { handshake } = peer.session
  if (handshake) peer.session.handshake = { ...handshake, headers }
  peer.send({ id: 1, connect: command })
  hub.clock.tick()
  return peer
}

function send(peer: MemoryPeer, id: number, command: object): unknown {
  peer.send({ id, ...command })
  hub.clock.tick()
  const { error } = (peer.reply(id) ?? {}) as { error?: { code: number } }
  return peer.closed?.code ?? error?.code ?? 'fine'
}

describe('user_id_http_header', () => {
  test('says who connects without a token', () => {
    create({ user_id_http_header: 'X-User-Id' })
    const peer = connect({}, { 'x-user-id': 'alice' })
    expect(peer.reply(1)).toMatchObject({ connect: {} })
    expect(peer.session.user).toBe('alice')
  })

  test('says nothing when it is absent, empty or another', () => {
    create({ user_id_http_header: 'X-User-Id' })
    expect(connect({}).closed?.code).toBe(3501)
    expect(connect({}, { 'x-user-id': '' }).closed?.code).toBe(3501)
    expect(connect({}, { 'x-user': 'alice' }).closed?.code).toBe(3501)
    expect(connect({ headers: { 'x-user-id': 'alice' } }).closed?.code).toBe(3501)
  })

  test('comes after a token and after being nobody', () => {
    create({ user_id_http_header: 'X-User-Id', allow_anonymous_connect_without_token: true })
    const headers = { 'x-user-id': 'alice' }
    expect(connect({ token: hub.token({ sub: 'bob' }) }, headers).session.user).toBe('bob')
    expect(connect({ token: 'a.b.c' }, headers).closed?.code).toBe(3500)
    expect(connect({}, headers).session.user).toBe('')
  })

  test('brings neither a personal channel nor those that the client names', () => {
    create(
      { user_id_http_header: 'X-User-Id', subscribe_to_user_personal_channel: { enabled: true } },
      { without_namespace: { allow_subscribe_for_client: true } },
    )
    const peer = connect({ subs: { a: {} } }, { 'x-user-id': 'alice' })
    expect(peer.reply(1)?.['connect']).not.toHaveProperty('subs')
    expect(send(peer, 2, { subscribe: { channel: 'a' } })).toBe('fine')
  })

  test('without the option is a header like any other', () => {
    create({})
    expect(connect({}, { '': 'alice', 'x-user-id': 'alice' }).closed?.code).toBe(3501)
  })
})

describe('client.insecure', () => {
  const channel = {
    without_namespace: { presence: true, history_size: 1, history_ttl: '1s', allow_user_limited_channels: true },
  }

  test('lets anybody in, and do what the channel offers', () => {
    create({ insecure: true }, channel)
    const peer = connect({ subs: { named: {} } })
    expect(peer.reply(1)).toMatchObject({ connect: { subs: { named: {} } } })
    const commands = [
      { subscribe: { channel: 'a', positioned: true, recoverable: true } },
      { publish: { channel: 'a', data: 1 } },
      { history: { channel: 'a', limit: 1 } },
      { presence: { channel: 'a' } },
      { presence_stats: { channel: 'a' } },
      { subscribe: { channel: 'a#alice' } },
      { subscribe: { channel: '$a' } },
    ]
    expect(commands.map((command, index) => send(peer, index + 2, command))).toEqual([
      ...Array<string>(6).fill('fine'),
      103,
    ])
    expect(peer.reply(2)).toMatchObject({ subscribe: { recoverable: true, positioned: true } })
  })

  test('still looks at tokens, but not at when they end', () => {
    create({ insecure: true })
    const now = hub.clock.now() / 1000
    const peer = connect({ token: hub.token({ sub: 'alice', exp: now + 5 }) })
    expect(peer.reply(1)?.['connect']).not.toHaveProperty('expires')
    expect(connect({ token: hub.token({ sub: 'alice', exp: now - 5 }) }).reply(1)).toMatchObject({
      error: { code: 109 },
    })
    expect(connect({ token: 'a.b.c' }).closed?.code).toBe(3500)
  })

  test('without it everything is closed', () => {
    create({}, channel)
    expect(connect({}).closed?.code).toBe(3501)
    const peer = connect({ token: hub.token({ sub: 'alice' }) })
    expect(send(peer, 2, { subscribe: { channel: 'a' } })).toBe(103)
    expect(send(peer, 3, { publish: { channel: 'a', data: 1 } })).toBe(103)
  })
})

test('insecure_skip_token_signature_verify takes what nobody has signed', () => {
  create({ insecure_skip_token_signature_verify: true }, { namespaces: [{ name: 'closed' }] })
  const unsigned = (claims: object): string => `${encodePart({ alg: 'none' })}.${encodePart(claims)}.`
  const peer = connect({ token: unsigned({ sub: 'alice' }) })
  expect(peer.session.user).toBe('alice')
  const token = unsigned({ sub: 'alice', channel: 'closed:a' })
  expect(send(peer, 2, { subscribe: { channel: 'closed:a', token } })).toBe('fine')
  expect(connect({ token: unsigned({ sub: 'alice', exp: 1 }) }).reply(1)).toMatchObject({ error: { code: 109 } })
})

test('a hub that believes anybody says so when it starts', async () => {
  create({})
  const warned: string[] = []
  const ignore = (): void => {}
  const started = createHub({
    register: false,
    logger: { debug: ignore, info: ignore, error: ignore, warn: (_fields, message) => warned.push(message) },
    config: {
      client: {
        insecure: true,
        insecure_skip_token_signature_verify: true,
        token: { insecure_skip_jwks_endpoint_safety_check: true },
      },
    },
  })
  await started.close()
  expect(warned).toEqual([
    'INSECURE client.insecure: anybody may connect, subscribe and publish',
    'INSECURE client.insecure_skip_token_signature_verify: anybody may make tokens',
    'INSECURE client.token.insecure_skip_jwks_endpoint_safety_check: tokens may choose where their keys come from',
  ])
})
