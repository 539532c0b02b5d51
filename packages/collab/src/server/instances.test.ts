// Several instances of an app, as processes of their own, on one Postgres and one Valkey; and one that is killed.
import { requireServices, startPostgres, startRedis, type PostgresServer, type RedisServer } from '@backchannel/servers'
import { Redis } from 'iovalkey'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { openStage, Writer } from '../testing/peers.ts'
import { sqlStore } from './index.ts'

const needs = await requireServices('postgres', 'redis')

const closing: (() => unknown)[] = []
let postgres: PostgresServer
let redis: RedisServer

beforeAll(async () => {
  if (!needs.skip) [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
})
afterAll(() => Promise.all([postgres?.stop(), redis?.stop()]))
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

interface Instance {
  readonly child: ChildProcess
  readonly url: string
  kill(): Promise<void>
}

async function startInstance(env: Record<string, string>): Promise<Instance> {
  const file = path.join(import.meta.dirname, '../testing/instance.ts')
  const child = spawn(process.execPath, ['--conditions=@backchannel/source', file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  closing.push(kill)
  const [port] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, url: `ws://127.0.0.1:${port}/collab`, kill }
}

function enter(url: string, room = 'doc'): Writer {
  const writer = new Writer(url, room)
  closing.push(() => writer.leave())
  return writer
}

async function database(): Promise<{ url: string; pool: Pool }> {
  const url = await postgres.createDatabase()
  const pool = new Pool({ connectionString: url })
  pool.on('error', () => {})
  closing.push(() => pool.end())
  return { url, pool }
}

async function storedText(pool: Pool): Promise<string> {
  const doc = new Y.Doc()
  const { updates } = await sqlStore((sql, parameters) => pool.query(sql, parameters)).load('doc')
  for (const update of updates) Y.applyUpdate(doc, update)
  return doc.getText('t').toJSON()
}

const soon = (read: () => unknown, timeout = 10_000) => expect.poll(read, { timeout, interval: 10 })

describe('two instances', needs, () => {
  test('share rooms; one that is killed loses nothing that anybody saw, and its people go on at the other', async () => {
    const { url: DATABASE_URL, pool } = await database()
    const env = { DATABASE_URL, VALKEY_URL: redis.url }
    const [first, second] = await Promise.all([startInstance(env), startInstance(env)])
    const ann = await enter(first.url).synced()
    const bob = await enter(second.url).synced()
    ann.provider.awareness.setLocalStateField('user', { name: 'Ann' })
    bob.provider.awareness.setLocalStateField('user', { name: 'Bob' })
    for (let n = 0; n < 30; n++) {
      ann.write('a')
      bob.write('b')
      await new Promise((resolve) => setTimeout(resolve, 3))
    }
    await soon(() => [ann.text.length, ann.text === bob.text]).toEqual([60, true])
    await soon(() => [ann.names, bob.names]).toEqual([
      ['Ann', 'Bob'],
      ['Ann', 'Bob'],
    ])

    ann.write('[seen]')
    await soon(() => bob.text).toContain('[seen]')
    await first.kill()
    ann.write('[typed into the void]')
    bob.write('[meanwhile]')
    expect(await storedText(pool)).toContain('[seen]')
    // As a load balancer would.
    ann.provider.serverUrl = second.url
    await soon(() => [ann.text === bob.text, bob.text.length]).toEqual([true, 60 + 6 + 21 + 11])
    await soon(async () => (await storedText(pool)) === bob.text).toBe(true)
    const carol = await enter(second.url).synced()
    expect(carol.text).toBe(bob.text)
  }, 60_000)

  test('go on alone while Valkey is away, and come together when it is back', async () => {
    const { pool } = await database()
    const store = sqlStore((sql, parameters) => pool.query(sql, parameters))
    let valkey = await startRedis()
    closing.push(() => valkey.stop())
    const stages = await Promise.all([1, 2].map(() => openStage({ store, valkeyUrl: valkey.url })))
    for (const stage of stages) closing.push(() => stage.close())
    const [ann, bob] = await Promise.all(stages.map(({ url }) => enter(url).synced()))
    if (!ann || !bob) throw new Error('two stages, two writers')
    ann.write('1')
    await soon(() => bob.text).toBe('1')

    const { port } = valkey
    await valkey.stop()
    ann.write('2')
    bob.write('3')
    const carol = await enter(stages[0]?.url ?? '').synced()
    carol.write('4')
    await soon(() => ann.text).toContain('4')
    expect(bob.text).not.toContain('4')

    valkey = await startRedis({ port })
    await soon(() => [bob.text.length, ann.text === bob.text, carol.text === bob.text], 20_000).toEqual([4, true, true])
    bob.provider.awareness.setLocalStateField('user', { name: 'Bob' })
    await soon(() => ann.names).toEqual(['Bob'])
    const said = (part: string) =>
      stages.map(({ logged }) => logged.filter(({ message }) => message.includes(part)).length)
    await soon(() => [said('Valkey is gone'), said('Valkey is back')]).toEqual([
      [1, 1],
      [1, 1],
    ])
  }, 60_000)

  test('come together when only the half of the connection was lost that speaks, or that hears', async () => {
    const { pool } = await database()
    const store = sqlStore((sql, parameters) => pool.query(sql, parameters))
    const stages = await Promise.all([1, 2].map(() => openStage({ store, valkeyUrl: redis.url })))
    for (const stage of stages) closing.push(() => stage.close())
    const [ann, bob] = await Promise.all(stages.map(({ url }) => enter(url).synced()))
    if (!ann || !bob) throw new Error('two stages, two writers')
    const admin = new Redis(redis.url)
    closing.push(() => admin.disconnect())
    let expected = 0
    for (const half of ['normal', 'pubsub', 'normal', 'pubsub']) {
      await admin.call('CLIENT', 'KILL', 'TYPE', half, 'SKIPME', 'yes')
      for (let n = 0; n < 5; n++) {
        ann.write('a')
        bob.write('b')
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      expected += 10
      // A deletion leaves no trace in a state vector.
      ann.doc.getText('t').delete(0, 1)
      expected--
      await soon(() => [ann.text.length, bob.text.length, ann.text === bob.text]).toEqual([expected, expected, true])
    }
  }, 60_000)

  test('do together what one of them is told: presence, disconnect, delete', async () => {
    const { pool } = await database()
    const store = sqlStore((sql, parameters) => pool.query(sql, parameters))
    let isDenied = false
    const authorize = () => (isDenied ? 'deny' : 'write')
    const stages = await Promise.all([1, 2].map(() => openStage({ store, valkeyUrl: redis.url, authorize })))
    for (const stage of stages) closing.push(() => stage.close())
    const [one, other] = stages
    if (!one || !other) throw new Error('two stages')
    const ann = await enter(one.url).synced()
    const bob = await enter(other.url).synced()
    ann.provider.awareness.setLocalStateField('user', { name: 'Ann' })
    await soon(() => bob.names).toEqual(['Ann'])

    // Somebody at the other instance says that he is Ann.
    const { clientID } = ann.doc
    const mallory = new Writer(other.url, 'doc')
    closing.push(() => mallory.leave())
    await mallory.synced()
    mallory.provider.awareness.states.set(clientID, { user: { name: 'Mallory' } })
    mallory.provider.awareness.meta.set(clientID, { clock: 2 ** 40, lastUpdated: Date.now() })
    mallory.provider.awareness.emit('update', [{ added: [clientID], updated: [], removed: [] }, 'local'])
    bob.provider.awareness.setLocalStateField('user', { name: 'Bob' })
    await soon(() => ann.names).toEqual(['Ann', 'Bob'])
    expect(bob.names).toEqual(['Ann', 'Bob'])

    ann.write('to be deleted')
    await soon(() => bob.text).toBe('to be deleted')
    isDenied = true
    one.collab.disconnect('doc')
    await soon(() => [ann, bob].map(({ closes }) => closes.map(({ code }) => code))).toEqual([
      [4500, 4403],
      [4500, 4403],
    ])
    isDenied = false
    const carol = await enter(other.url).synced()
    expect(carol.text).toBe('to be deleted')
    carol.write('!')
    await one.collab.delete('doc')
    await soon(() => carol.closes.map(({ code }) => code)).toEqual([4410])
    await soon(async () => (await store.load('doc')).updates).toEqual([])
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect([(await store.load('doc')).updates, await store.versions('doc')]).toEqual([[], []])
  }, 60_000)

  test('a Valkey that is not there at all leaves one instance working', async () => {
    const { pool } = await database()
    const store = sqlStore((sql, parameters) => pool.query(sql, parameters))
    const stage = await openStage({ store, valkeyUrl: 'redis://127.0.0.1:1' })
    closing.push(() => stage.close())
    const [ann, bob] = await Promise.all([enter(stage.url).synced(), enter(stage.url).synced()])
    ann.write('x')
    await soon(() => bob.text).toBe('x')
    expect(stage.logged.map(({ message }) => message)).toEqual([
      "collab: Valkey is not there: instances don't share rooms until it is back",
    ])
  })
})

describe('kill -9 while people type', needs, () => {
  test('what somebody else has seen is in the database, every time; what nobody saw comes again from its writer', async () => {
    const { url: DATABASE_URL, pool } = await database()
    let instance = await startInstance({ DATABASE_URL, VALKEY_URL: '' })
    const ann = await enter(instance.url).synced()
    const bob = await enter(instance.url).synced()
    let written = 0
    for (let round = 0; round < 12; round++) {
      const typing = setInterval(() => {
        written++
        ann.write('a')
      }, 1)
      const before = bob.text.length
      await soon(() => bob.text.length).toBeGreaterThan(before)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 60))
      await instance.kill()
      clearInterval(typing)
      // The sockets' last bytes have arrived: what was sent to Bob, he has.
      await soon(() => bob.provider.wsconnected).toBe(false)
      const seen = bob.text.length
      expect((await storedText(pool)).length).toBeGreaterThanOrEqual(seen)
      instance = await startInstance({ DATABASE_URL, VALKEY_URL: '', PORT: new URL(instance.url).port })
      await soon(() => bob.text.length).toBe(written)
    }
    expect(ann.text).toBe('a'.repeat(written))
  }, 120_000)
})
