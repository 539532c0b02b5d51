// Connects, subscriptions, the server's say, publications and ends in any order, on stores and handlers that answer
// whenever they like and a broker that loses deliveries: what a client believes is what the hub does, publications come
// without a silent gap, and nothing stays behind.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryBroker } from '../broker/memory-broker.ts'
import { MemoryPresence } from '../broker/presence.ts'
import { runApiMethod } from '../api/server-api.ts'
import { brokerOver, lossyBroker } from '../testing/broker-over.ts'
import { delayedBroker } from '../testing/delayed.ts'
import type { MemoryPeer } from '../testing/memory-transport.ts'
import { TestClock } from '../testing/test-clock.ts'
import { createTestHub } from '../testing/test-hub.ts'

/** How many conversations: more by `FUZZ_RUNS=100000`. */
const runs = Math.ceil(Number(process.env['FUZZ_RUNS'] ?? 5000) / 20)

const user = fc.constantFrom('alice', 'alice', 'bob')
const names = ['open:a', 'kept:a', 'asked:a']
const channel = fc.constantFrom(...names)
const peer = fc.nat(2)

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('connect'), user, channels: fc.subarray(names) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('subscribe'), peer, channel, offset: fc.option(fc.nat(6)) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unsubscribe'), peer, channel }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave'), peer }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('server subscribes'), user, channel }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('server unsubscribes'), user, channel }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('publish'), channel, lost: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait'), turns: fc.nat(6) }) },
) as fc.Arbitrary<{
  do: string
  user: string
  channel: string
  channels: string[]
  peer: number
  [more: string]: unknown
}>

const kept = { presence: true, history_size: 1000, history_ttl: '300s', force_recovery: true }
const config = {
  client: { token: { hmac_secret_key: 'test-token-key' } },
  channel: {
    namespaces: [
      { name: 'open', allow_subscribe_for_client: true, presence: true },
      { name: 'kept', allow_subscribe_for_client: true, ...kept },
      { name: 'asked', ...kept },
    ],
  },
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

interface Kept {
  readonly offset?: number
}

interface Result extends Kept {
  readonly positioned?: boolean
  readonly publications?: readonly Kept[]
}

interface Told {
  readonly id?: number
  readonly connect?: { readonly subs?: Readonly<Record<string, Result>> }
  readonly subscribe?: Result
  readonly unsubscribe?: object
  readonly push?: { readonly channel: string; subscribe?: Result; unsubscribe?: object; pub?: Kept }
}

/** Where a client believes to be subscribed, by what it was told; nothing may be missing on the way. */
function belief(messages: readonly Told[], channelOf: ReadonlyMap<number, string>): Set<string> {
  const subscribed = new Set<string>()
  const offsets = new Map<string, number>()
  const hear = (name: string, { offset }: Kept): void => {
    expect(subscribed).toContain(name)
    if (offset === undefined) return
    expect(offset).toBe((offsets.get(name) ?? -1) + 1)
    offsets.set(name, offset)
  }
  const begin = (name: string, { positioned, offset = 0, publications = [] }: Result): void => {
    subscribed.add(name)
    if (positioned) offsets.set(name, offset)
    for (const publication of publications) hear(name, publication)
  }
  for (const { id = 0, connect, push, ...answer } of messages) {
    for (const [name, result] of Object.entries(connect?.subs ?? {})) begin(name, result)
    const name = push?.channel ?? channelOf.get(id) ?? ''
    const { subscribe, unsubscribe } = push ?? answer
    if (subscribe) begin(name, subscribe)
    if (unsubscribe) subscribed.delete(name)
    if (push?.pub) hear(name, push.pub)
  }
  return subscribed
}

test(`${runs} conversations on slow stores: clients and hub agree, and nothing stays`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }),
      fc.infiniteStream(fc.nat(4)),
      async (steps, delays) => {
        const delay = (): number => delays.next().value ?? 0
        let isLost = false
        const memory = new MemoryBroker(new TestClock())
        const lossy = brokerOver(
          lossyBroker(memory, () => isLost),
          {
            publish: (name, publication, options) => {
              isLost = publication.tags !== undefined
              return memory.publish(name, publication, options)
            },
          },
        )
        const presence = new MemoryPresence()
        // One connection to a store carries verbs out in their order.
        let verbs = Promise.resolve<unknown>(undefined)
        const inOrder = <T>(verb: () => T): Promise<T> => {
          const done = verbs.then(() => turns(delay())).then(verb)
          verbs = done
          return done
        }
        const hub = createTestHub({
          config,
          broker: delayedBroker(lossy, delay),
          presence: {
            add: (name, info) => inOrder(() => presence.add(name, info)),
            remove: (name, client) => inOrder(() => presence.remove(name, client)),
            get: (name) => inOrder(() => presence.get(name)),
          },
          handlers: {
            onSubscribe: async ({ channel: name }) => {
              await turns(delay())
              return name.startsWith('asked') && delay() > 0 ? {} : undefined
            },
          },
        })
        const peers: { peer: MemoryPeer; channelOf: Map<number, string> }[] = []
        let id = 0
        const acts: Record<string, (given: Awaited<typeof steps>[number]) => unknown> = {
          connect: ({ user: sub, channels }) => {
            const opened = { peer: hub.peer(), channelOf: new Map<number, string>() }
            peers.push(opened)
            opened.peer.send({ id: ++id, connect: { token: hub.token({ sub, channels }) } })
          },
          subscribe: ({ peer: index, channel: name, offset }) => {
            const target = peers[index % peers.length]
            target?.channelOf.set(++id, name)
            const since = offset === null ? {} : { recover: true, offset }
            target?.peer.send({ id, subscribe: { channel: name, ...since } })
          },
          unsubscribe: ({ peer: index, channel: name }) => {
            const target = peers[index % peers.length]
            target?.channelOf.set(++id, name)
            target?.peer.send({ id, unsubscribe: { channel: name } })
          },
          leave: ({ peer: index }) => peers[index % peers.length]?.peer.session.closed(),
          'server subscribes': (request) => {
            // A gap while joining is the call's error.
            Promise.resolve(runApiMethod(hub.core, 'subscribe', request, () => undefined)).catch(() => {})
          },
          'server unsubscribes': (request) => runApiMethod(hub.core, 'unsubscribe', request, () => undefined),
          publish: ({ channel: name, lost }) => {
            void hub.core.publish(name, { data: '0', ...(lost ? { tags: {} } : {}) })
          },
          wait: ({ turns: count }) => turns(count as number),
        }
        for (const given of steps) await acts[given.do]?.(given)
        await turns(1000)
        for (const name of names) await hub.core.publish(name, { data: '"mark"' })
        await turns(1000)
        hub.clock.tick()
        for (const { peer: one, channelOf } of peers) {
          const believed = belief(one.messages, channelOf)
          if (one.closed ?? one.session.state === 'closed') continue
          expect(new Set(one.session.subscriptions.keys())).toEqual(believed)
          for (const asked of channelOf.keys()) expect(one.reply(asked)).toBeDefined()
          for (const name of names) {
            const marks = one.publications(name).filter((data) => data === 'mark')
            expect(marks).toHaveLength(believed.has(name) ? 1 : 0)
          }
        }
        for (const { peer: one } of peers) one.session.closed()
        await turns(1000)
        hub.clock.tick()
        expect(presence.size).toBe(0)
        hub.close()
      },
    ),
    { numRuns: runs },
  )
}, 60_000)
