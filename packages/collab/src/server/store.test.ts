// What rooms ask of a store, the same of each: in memory, PGlite, and a real Postgres through pg's pool.
import { PGlite } from '@electric-sql/pglite'
import { pgliteData, requireServices, startPostgres } from '@backchannel/servers'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryStore, sqlStore, type CollabStore } from './index.ts'

const kinds = [
  { name: 'memory', needs: {}, make: async () => ({ store: memoryStore(), end: async () => {} }) },
  {
    name: 'PGlite',
    needs: {},
    make: async () => {
      const pglite = await PGlite.create({ loadDataDir: await pgliteData(() => PGlite.create()) })
      return { store: sqlStore((sql, parameters) => pglite.query(sql, parameters)), end: () => pglite.close() }
    },
  },
  {
    name: 'Postgres',
    needs: await requireServices('postgres'),
    make: async () => {
      const server = await startPostgres()
      const pool = new Pool({ connectionString: server.url, max: 4 })
      // Its server is stopped before its idle connections are.
      pool.on('error', () => {})
      const end = async () => {
        await pool.end()
        await server.stop()
      }
      return { store: sqlStore((sql, parameters) => pool.query(sql, parameters)), end }
    },
  },
]

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const plain = (updates: readonly Uint8Array[]): number[][] => updates.map((update) => Array.from(update))

for (const { name, needs, make } of kinds) {
  describe(`a store in ${name}`, needs, () => {
    let store: CollabStore
    let end: () => Promise<unknown>

    beforeAll(async () => {
      ;({ store, end } = await make())
      await store.open()
    })
    afterAll(() => end?.())

    test('can be opened again, also by several at once', async () => {
      await Promise.all([store.open(), store.open(), store.open()])
    })

    test('a document that was never written is empty', async () => {
      expect(await store.load('nothing')).toEqual({ updates: [], base: { revision: 0, updateIds: [] } })
    })

    test('updates are kept as they are, room by room', async () => {
      await store.append('a room', bytes(0, 255, 1))
      await store.append('another', bytes(9))
      await store.append('a room', bytes(2))
      const { updates } = await store.load('a room')
      expect(plain(updates)).toEqual([[0, 255, 1], [2]])
      expect(updates.every((update) => update instanceof Uint8Array)).toBe(true)
    })

    test('a snapshot takes the place of what was read, and of nothing else', async () => {
      await store.append('s', bytes(1))
      await store.append('s', bytes(2))
      const { base } = await store.load('s')
      await store.append('s', bytes(3))
      expect(await store.compact('s', bytes(12), base)).toBe(true)
      const second = await store.load('s')
      expect(plain(second.updates)).toEqual([[12], [3]])
      expect(await store.compact('s', bytes(123), second.base)).toBe(true)
      expect(plain((await store.load('s')).updates)).toEqual([[123]])
    })

    test('of two that compact at once one does nothing, and nothing is lost', async () => {
      for (const round of [1, 2]) {
        await store.append('c', bytes(round, 1))
        const slow = await store.load('c')
        await store.append('c', bytes(round, 2))
        const fast = await store.load('c')
        expect(await store.compact('c', bytes(round, 12), fast.base)).toBe(true)
        expect(await store.compact('c', bytes(round, 1), slow.base)).toBe(false)
        expect(plain((await store.load('c')).updates)).toEqual([[round, 12]])
      }
      const { base } = await store.load('c')
      const outcomes = await Promise.all([1, 2, 3, 4].map((n) => store.compact('c', bytes(n), base)))
      expect(outcomes.filter((won) => won)).toHaveLength(1)
      expect(plain((await store.load('c')).updates)).toEqual([[outcomes.indexOf(true) + 1]])
    })

    test('a document that was deleted and begun again takes no snapshot of the old one', async () => {
      await store.append('again', bytes(1))
      const old = await store.load('again')
      await store.delete('again')
      await store.append('again', bytes(2))
      expect(await store.compact('again', bytes(1), old.base)).toBe(false)
      expect(plain((await store.load('again')).updates)).toEqual([[2]])
    })

    test('versions are the newest so many, newest first', async () => {
      const saved = []
      for (const n of [1, 2, 3, 4]) {
        saved.push(await store.saveVersion('v', bytes(...Array<number>(n).fill(n)), { most: 3 }))
      }
      const versions = await store.versions('v')
      expect(versions.map(({ bytes: size }) => size)).toEqual([4, 3, 2])
      expect(versions[0]).toEqual(saved[3])
      expect(versions[0]?.createdAt.getTime()).toBeGreaterThan(Date.now() - 60_000)
      expect(plain([(await store.version('v', versions[1]?.id ?? '')) ?? bytes()])).toEqual([[3, 3, 3]])
      expect(await store.version('v', saved[0]?.id ?? '')).toBeUndefined()
      expect(await store.version('other', versions[0]?.id ?? '')).toBeUndefined()
      expect(await store.version('v', "1' or true")).toBeUndefined()
      expect(await store.saveVersion('v', bytes(5), { most: 3, unlessWithinMs: 60_000 })).toBeUndefined()
      expect(await store.versions('v')).toEqual(versions)
      expect(await store.saveVersion('new', bytes(5), { most: 3, unlessWithinMs: 60_000 })).toMatchObject({ bytes: 1 })
    })

    test('a deleted document leaves nothing', async () => {
      await store.append('d', bytes(1))
      await store.compact('d', bytes(1), (await store.load('d')).base)
      await store.append('d', bytes(2))
      await store.saveVersion('d', bytes(1), { most: 3 })
      await store.delete('d')
      expect(await store.load('d')).toEqual({ updates: [], base: { revision: 0, updateIds: [] } })
      expect(await store.versions('d')).toEqual([])
      expect((await store.load('a room')).updates).toHaveLength(2)
    })
  })
}

test('bytes that come as something else are an error that says what to do', async () => {
  const store = sqlStore(async () => ({ rows: [{ id: '1', revision: null, data: '\\x00' }] }))
  await expect(store.load('x')).rejects.toThrow(/has to give bytea as Uint8Array/)
})
