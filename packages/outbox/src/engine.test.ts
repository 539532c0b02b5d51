// The relay in front of real engines: the hub of this process, and a Centrifugo.
import type { PGlite } from '@electric-sql/pglite'
import { createHub } from '@backchannel/hub'
import { serverApi } from '@backchannel/realtime'
import { type CentrifugoServer, requireServices, startCentrifugo } from '@backchannel/servers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { broadcast, createRelay, outboxSchema, pgliteDatabase, publish, type Relay, write } from './index.ts'
import { openPglite } from './testing/databases.ts'

const channel = { namespaces: [{ name: 'room', history_size: 100, history_ttl: '300s' }] }
const quiet = { info: () => {}, warn: () => {}, error: () => {} }

async function startHub() {
  let hub = createHub({ config: { channel } })
  return {
    stop: () => hub.close(),
    restart: async () => {
      hub = createHub({ config: { channel } })
    },
  }
}

async function startReal() {
  const server: CentrifugoServer = await startCentrifugo({ config: { http_api: { key: 'outbox' }, channel } })
  vi.stubEnv('CENTRIFUGO_TOKEN_HMAC_SECRET', 'unused')
  vi.stubEnv('CENTRIFUGO_API_KEY', 'outbox')
  vi.stubEnv('CENTRIFUGO_API_URL', server.apiUrl)
  return {
    stop: () => server.stop(),
    restart: () => server.restart(),
  }
}

const engines = [
  { name: 'the hub', needs: {}, start: startHub },
  { name: 'Centrifugo', needs: await requireServices('centrifugo'), start: startReal },
]

describe.each(engines)('a relay in front of $name', ({ needs, start }) => {
  describe('delivers', needs, () => {
    let engine: Awaited<ReturnType<typeof start>>
    let pglite: PGlite
    let relay: Relay
    const api = serverApi()

    beforeAll(async () => {
      engine = await start()
      pglite = await openPglite()
      await pglite.query(outboxSchema())
    })
    afterAll(async () => {
      await pglite?.close()
      await engine?.stop()
      vi.unstubAllEnvs()
    })
    beforeEach(async () => {
      await pglite.query('truncate outbox, outbox_leases, outbox_parked')
      relay = createRelay({ database: pgliteDatabase(pglite), publisher: api, logger: quiet })
      relay.start()
    })
    afterEach(() => relay?.close())

    const kept = async (room: string) =>
      (await api.history({ channel: room, limit: -1 })).publications.map(({ data }) => data)

    test('each row once, also one that was published already', async () => {
      const { id } = await publish(pglite, 'room:once', { n: 1 }, { tags: { a: 'b' } })
      await pglite.query('insert into outbox (method, payload) select method, payload from outbox where id = $1', [id])
      await publish(pglite, 'room:once', { n: 2 })
      await write(pglite, 'unsubscribe', { user: '42', channel: 'room:once' })
      await write(pglite, 'disconnect', { user: '42' })
      await relay.drain()
      expect(await kept('room:once')).toEqual([{ n: 1 }, { n: 2 }])
      expect(await relay.parked()).toEqual([])
    })

    test('what it refuses is parked with its code, the channels of a broadcast apart', async () => {
      await publish(pglite, 'unknown:1', 0)
      await broadcast(pglite, ['room:a', 'unknown:2', 'room:b'], { n: 1 })
      await write(pglite, 'history_remove', { channel: 'unknown:3' })
      await publish(pglite, 'room:a', { n: 2 })
      await relay.drain()
      expect([await kept('room:a'), await kept('room:b')]).toEqual([[{ n: 1 }, { n: 2 }], [{ n: 1 }]])
      expect((await relay.parked()).map(({ method, code, attempts }) => [method, code, attempts])).toEqual([
        ['publish', 102, 1],
        ['broadcast', 102, 1],
        ['history_remove', 102, 1],
      ])
      expect((await relay.parked())[1]?.payload).toMatchObject({ channels: ['unknown:2'], data: { n: 1 } })
    })

    test('rows of an outage when it is over', async () => {
      await engine.stop()
      await publish(pglite, 'room:outage', { n: 1 })
      await vi.waitFor(async () => expect((await relay.status()).outage?.error).toMatch(/./), 10_000)
      await publish(pglite, 'room:outage', { n: 2 })
      await engine.restart()
      await relay.drain({ timeout: 15_000 })
      expect(await kept('room:outage')).toEqual([{ n: 1 }, { n: 2 }])
      expect(await relay.status()).toMatchObject({ outage: undefined, parked: 0 })
    })
  })
})
