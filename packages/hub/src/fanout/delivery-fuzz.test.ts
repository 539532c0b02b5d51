// Publications with and without delta, inside the history and outside it, to subscribers with patches, with filters and
// with neither, who come, go and recover at any time, on brokers that answer at once or late: what each of them makes
// of what it gets is what was published.
import { applyStringDelta } from 'fossil-delta'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryBroker } from '../broker/memory-broker.ts'
import { delayedBroker } from '../testing/delayed.ts'
import type { MemoryPeer } from '../testing/memory-transport.ts'
import { TestClock } from '../testing/test-clock.ts'
import { createTestHub } from '../testing/test-hub.ts'

/** How many conversations: more by `FUZZ_RUNS=100000`. */
const runs = Math.ceil(Number(process.env['FUZZ_RUNS'] ?? 5000) / 20)

const channel = 'kept:a'
const config = {
  client: { token: { hmac_secret_key: 'test-token-key' } },
  channel: {
    namespaces: [
      {
        name: 'kept',
        allow_subscribe_for_client: true,
        history_size: 6,
        history_ttl: '300s',
        force_recovery: true,
        allowed_delta_types: ['fossil' as const],
        allow_tags_filter: true,
      },
    ],
  },
}

type Kind = 'plain' | 'delta' | 'filter'
/** Several with patches: they share bytes as soon as they have heard the same. */
const kinds: readonly Kind[] = ['delta', 'delta', 'delta', 'filter', 'plain']

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      delta: fc.boolean(),
      skipHistory: rarely(),
      odd: fc.boolean(),
      text: fc.string({ unit: 'binary', maxLength: 8 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('subscribe' as const), peer: fc.nat(4), recovers: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unsubscribe' as const), peer: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), turns: fc.nat(8) }) },
)

function rarely(): fc.Arbitrary<boolean> {
  return fc.nat(7).map((n) => n === 0)
}

interface Pub {
  readonly data: unknown
  readonly offset?: number
  readonly delta?: boolean
}

interface Told {
  readonly subscribe?: { readonly publications?: readonly Pub[]; readonly offset: number; readonly delta?: boolean }
  readonly unsubscribe?: object
  readonly push?: { readonly pub?: Pub }
}

/** A client of the official kind: it keeps its offset and what it heard last over unsubscribing. */
class Client {
  readonly peer: MemoryPeer
  readonly kind: Kind
  readonly heard: { data: unknown; offset: number }[] = []
  offset = 0
  #base = ''
  #read = 0
  #id = 1

  constructor(peer: MemoryPeer, kind: Kind) {
    this.peer = peer
    this.kind = kind
  }

  subscribe(recovers: boolean): void {
    this.read()
    const asked = {
      plain: {},
      delta: { delta: 'fossil' },
      filter: { tf: { key: 'odd', cmp: 'eq', val: 'true' } },
    }[this.kind]
    const since = recovers ? { recover: true, offset: this.offset } : {}
    this.peer.send({ id: ++this.#id, subscribe: { channel, ...asked, ...since } })
  }

  unsubscribe(): void {
    this.peer.send({ id: ++this.#id, unsubscribe: { channel } })
  }

  read(): void {
    const told = this.peer.messages as Told[]
    for (const { subscribe, push } of told.slice(this.#read)) {
      if (subscribe) {
        const isDelta = subscribe.delta === true
        if (isDelta !== (this.kind === 'delta')) throw new Error('delta was not asked for, or declined')
        this.offset = subscribe.offset
        for (const publication of subscribe.publications ?? []) this.#hear(publication)
      }
      if (push?.pub) this.#hear(push.pub)
    }
    this.#read = told.length
  }

  #hear({ data, offset = 0, delta = false }: Pub): void {
    if (offset > 0) this.offset = offset
    if (this.kind === 'delta') {
      this.#base = delta ? applyStringDelta(this.#base, String(data), { verifyChecksum: true }) : String(data)
      this.heard.push({ data: JSON.parse(this.#base), offset })
    } else {
      if (delta) throw new Error('a patch to who did not ask for one')
      this.heard.push({ data, offset })
    }
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test(`${runs} conversations: everybody makes of what comes what was published`, async () => {
  let patches = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 50, size: 'max' }),
      fc.boolean(),
      fc.infiniteStream(fc.nat(3)),
      async (steps, isLate, delays) => {
        const delay = (): number => delays.next().value ?? 0
        const memory = new MemoryBroker(new TestClock())
        const hub = createTestHub({ config, broker: isLate ? delayedBroker(memory, delay) : memory })
        const clients = kinds.map((kind, n) => new Client(hub.connected(`user${n}`), kind))
        const published: { data: { n: number }; odd: boolean; offset: Promise<number> }[] = []
        for (const given of steps) {
          if (given.do === 'publish') {
            const { delta, skipHistory, odd, text } = given
            const data = { n: published.length, filler: 'same as ever, '.repeat(10), text: text.repeat(3) }
            const tags = { odd: String(odd) }
            const outcome = hub.core.publish(channel, { data: JSON.stringify(data), tags, delta, skipHistory })
            published.push({ data, odd, offset: Promise.resolve(outcome).then(({ offset }) => offset) })
          } else if (given.do === 'subscribe') clients[given.peer]?.subscribe(given.recovers)
          else if (given.do === 'unsubscribe') clients[given.peer]?.unsubscribe()
          else {
            await turns(given.turns)
            hub.clock.tick()
          }
        }
        await turns(60)
        hub.clock.tick()
        const offsets = new Map<number, number>()
        for (const { data, offset } of published) offsets.set(data.n, await offset)
        for (const client of clients) {
          client.read()
          patches += client.peer.messages.filter((told) => (told as Told).push?.pub?.delta).length
          for (const { data, offset } of client.heard) {
            const { n } = data as { n: number }
            expect(data).toEqual(published[n]?.data)
            expect(offset).toBe(offsets.get(n))
            expect(client.kind !== 'filter' || published[n]?.odd).toBe(true)
          }
          client.peer.session.closed()
        }
        await turns(60)
        hub.close()
      },
    ),
    { numRuns: runs },
  )
  // A hub that never sent a patch would have passed as well.
  expect(patches).toBeGreaterThan(runs)
}, 120_000)
