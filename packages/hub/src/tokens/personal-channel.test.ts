import { afterEach, describe, expect, test } from 'vitest'
import { checkConfig, ConfigError, type HubConfig } from '../config/config.ts'
import { createTestHub, type MemoryPeer, type TestHub } from '../testing/index.ts'

let hub: TestHub

afterEach(() => hub.close())

type Personal = NonNullable<NonNullable<HubConfig['client']>['subscribe_to_user_personal_channel']>

const tokenKey = 'test-token-key'
const kept = { history_size: 10, history_ttl: '60s', force_recovery: true, presence: true }

function config(personal: Personal, more: HubConfig['client'] = {}): HubConfig {
  return {
    client: {
      token: { hmac_secret_key: tokenKey },
      subscribe_to_user_personal_channel: { enabled: true, ...personal },
      ...more,
    },
    channel: { without_namespace: { presence: true }, namespaces: [{ name: 'personal', ...kept }, { name: 'plain' }] },
  }
}

function create(personal: Personal = {}, more: HubConfig['client'] = {}): void {
  hub = createTestHub({
    config: config(personal, more),
    handlers: { onConnect: () => ({ user: 'of the app' }) },
  })
}

function subsOf(peer: MemoryPeer): Record<string, unknown> {
  hub.clock.tick()
  return (peer.reply(1)?.['connect'] as { subs?: Record<string, unknown> } | undefined)?.subs ?? {}
}

function connect(command: object): MemoryPeer {
  const peer = hub.peer()
  peer.send({ id: 1, connect: command })
  hub.clock.tick()
  return peer
}

describe('a user’s personal channel', () => {
  test('is subscribed to with the connection', () => {
    create()
    expect(subsOf(hub.connected('alice'))).toEqual({ '#alice': {} })
    const peer = hub.connected('bob')
    void hub.core.publish('#bob', { data: '"hello"' })
    void hub.core.publish('#alice', { data: '"not for bob"' })
    hub.clock.tick()
    expect(peer.publications('#bob')).toEqual(['hello'])
    expect(peer.publications('#alice')).toEqual([])
  })

  test('is in the namespace that is named, with its options', () => {
    create({ personal_channel_namespace: 'personal' })
    expect(subsOf(hub.connected('alice'))).toMatchObject({ 'personal:#alice': { recoverable: true, positioned: true } })
  })

  test('is recovered from where the client has left off', () => {
    create({ personal_channel_namespace: 'personal' })
    const first = hub.connected('alice')
    const { epoch } = subsOf(first)['personal:#alice'] as { epoch: string }
    first.session.closed()
    void hub.core.publish('personal:#alice', { data: '"missed"' })
    const recover = { recover: true, epoch, offset: 0 }
    const peer = connect({ token: hub.token({ sub: 'alice' }), subs: { 'personal:#alice': recover } })
    expect(subsOf(peer)['personal:#alice']).toMatchObject({
      recovered: true,
      was_recovering: true,
      publications: [{ data: 'missed', offset: 1 }],
    })
  })

  test('is there beside those of the token, which can not change it', () => {
    create({ personal_channel_namespace: 'plain' })
    const subs = { 'plain:a': {}, 'plain:#alice': { data: 1, override: { force_recovery: { value: true } } } }
    expect(subsOf(connect({ token: hub.token({ sub: 'alice', subs }) }))).toEqual({ 'plain:a': {}, 'plain:#alice': {} })
  })

  test('is there for users whom the app lets in, and for nobody without a name', () => {
    create()
    expect(subsOf(connect({}))).toEqual({ '#of the app': {} })
    expect(subsOf(connect({ token: hub.token({ sub: '' }) }))).toEqual({})
  })

  test('outlives a refresh whose token does not name it', () => {
    create()
    const peer = hub.connected('alice')
    peer.send({ id: 2, refresh: { token: hub.token({ sub: 'alice' }) } })
    hub.clock.tick()
    expect(peer.reply(2)).toEqual({ id: 2, refresh: {} })
    expect(peer.session.subscriptions.size).toBe(1)
  })

  test('without its namespace, on rules that were replaced, is an error', () => {
    create({ personal_channel_namespace: 'personal' })
    hub.core.namespaces.replace({ ...hub.core.config.channel, namespaces: [] })
    expect(connect({ token: hub.token({ sub: 'alice' }) }).reply(1)).toMatchObject({ error: { code: 102 } })
  })

  test('is not there unless it is wanted', () => {
    create({ enabled: false })
    expect(subsOf(hub.connected('alice'))).toEqual({})
  })
})

describe('single_connection', () => {
  test('ends the others of the user', () => {
    create({ single_connection: true })
    const first = hub.connected('alice')
    const other = hub.connected('bob')
    const second = hub.connected('alice')
    expect(first.closed).toEqual({ code: 3504, reason: 'connection limit' })
    expect([second.closed, other.closed]).toEqual([undefined, undefined])
    expect(subsOf(second)).toEqual({ '#alice': {} })
    const third = hub.connected('alice')
    expect([second.closed?.code, third.closed]).toEqual([3504, undefined])
  })

  test('leaves room under user_connection_limit', () => {
    create({ single_connection: true }, { user_connection_limit: 1 })
    const first = hub.connected('alice')
    const second = hub.connected('alice')
    expect([first.closed?.code, second.closed]).toEqual([3504, undefined])
  })

  test('is nothing to those without a name', () => {
    create({ single_connection: true })
    const peers = [connect({ token: hub.token({ sub: '' }) }), connect({ token: hub.token({ sub: '' }) })]
    expect(peers.map(({ closed }) => closed)).toEqual([undefined, undefined])
  })
})

test.each<[Personal, string[]]>([
  [{}, []],
  [{ personal_channel_namespace: 'personal', single_connection: true }, []],
  [{ single_connection: true }, []],
  [
    { personal_channel_namespace: 'other' },
    ['client.subscribe_to_user_personal_channel.personal_channel_namespace: there is no namespace "other"'],
  ],
  [
    { personal_channel_namespace: 'plain', single_connection: true },
    ['client.subscribe_to_user_personal_channel.single_connection: needs the presence of that namespace'],
  ],
  [{ enabled: false, personal_channel_namespace: 'other' }, []],
])('%j as configuration', (personal, problems) => {
  create()
  let found: readonly string[] = []
  try {
    checkConfig(config(personal))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    found = error.problems
  }
  expect(found).toEqual(problems)
})
