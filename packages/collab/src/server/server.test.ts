// Rooms as their users meet them: y-websocket's own provider over real sockets.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, test } from 'vitest'
import * as encoding from 'lib0/encoding'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { openStage, Writer, type Stage } from '../testing/peers.ts'
import { memoryStore, type CollabServerOptions, type CollabStore } from './index.ts'
import { answerMessage, awarenessMessage, updateMessage } from './messages.ts'

const closing: (() => Promise<unknown> | void)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function open(options: Partial<CollabServerOptions> = {}): Promise<Stage> {
  const stage = await openStage({ valkeyUrl: 'memory:', ...options })
  closing.push(() => stage.close())
  return stage
}

function enter({ url }: Stage, room = 'doc', doc?: Y.Doc): Writer {
  const writer = new Writer(url, room, doc)
  closing.push(() => writer.leave())
  return writer
}

const soon = (read: () => unknown) => expect.poll(read, { timeout: 5000, interval: 5 })

/** A client that says what it likes. */
async function raw(stage: Stage, room = 'doc', headers = {}) {
  const socket = new WebSocket(`${stage.url}/${room}`, { headers })
  closing.push(() => socket.terminate())
  const heard: Buffer[] = []
  socket.on('message', (data: Buffer) => heard.push(data))
  const closed = new Promise<[number, string]>((resolve) => {
    socket.on('close', (code, reason) => resolve([code, reason.toString()]))
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return { socket, closed, heard }
}

async function heapUsed(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let n = 0; n < 3; n++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return process.memoryUsage().heapUsed
}

const updateOf = (text: string): Uint8Array => {
  const doc = new Y.Doc()
  doc.getText('t').insert(0, text)
  return Y.encodeStateAsUpdate(doc)
}

test('two who type at once end with the same text, and see each other', async () => {
  const stage = await open()
  const [ann, bob] = [enter(stage), enter(stage)]
  ann.provider.awareness.setLocalStateField('user', { name: 'Ann' })
  bob.provider.awareness.setLocalStateField('user', { name: 'Bob' })
  await Promise.all([ann.synced(), bob.synced()])
  for (let n = 0; n < 20; n++) {
    ann.write('a')
    bob.write('b')
  }
  await soon(() => [ann.text.length, bob.text.length]).toEqual([40, 40])
  expect(ann.text).toBe(bob.text)
  await soon(() => [ann.names, bob.names]).toEqual([
    ['Ann', 'Bob'],
    ['Ann', 'Bob'],
  ])
  bob.leave()
  await soon(() => ann.names).toEqual(['Ann'])
})

test('one who comes later, or back with changes of its own, has everything', async () => {
  const stage = await open()
  const ann = await enter(stage).synced()
  ann.write('one ')
  const bob = await enter(stage).synced()
  await soon(() => bob.text).toBe('one ')
  bob.provider.disconnect()
  bob.write('two ')
  ann.write('three ')
  bob.provider.connect()
  await soon(() => [ann.text.length, ann.text === bob.text]).toEqual([14, true])
})

describe('who may', () => {
  test('is decided by the app, which is asked with the request and the room’s name', async () => {
    const asked: unknown[] = []
    const stage = await open({
      authorize: (request, room) => {
        asked.push([room, request.headers.get('cookie'), new URL(request.url).searchParams.get('key')])
        return room === 'mine' ? 'write' : 'deny'
      },
    })
    const { closed } = await raw(stage, 'a%2Fb%20c?key=k', { cookie: 's=1' })
    expect(await closed).toEqual([4403, 'forbidden'])
    expect(asked).toEqual([['a/b c', 's=1', 'k']])
    await enter(stage, 'mine').synced()
    // The provider takes the code as it is meant, and comes no more.
    const denied = enter(stage, 'other')
    await soon(() => denied.provider.shouldConnect).toBe(false)
    expect(denied.closes).toEqual([{ code: 4403, reason: 'forbidden' }])
  })

  test.each([
    ['throws', () => Promise.reject(new Error('database')), 'collab: authorize failed; nobody is let in'],
    ['gives something else', () => true as never, /has to give/],
  ])('an authorize that %s lets nobody in', async (_name, authorize, message) => {
    const stage = await open({ authorize })
    const { closed } = await raw(stage)
    expect(await closed).toEqual([4403, 'forbidden'])
    expect(stage.logged).toEqual([expect.objectContaining({ level: 'error', message: expect.stringMatching(message) })])
  })

  test('a reader reads, is told so, and what it writes is refused', async () => {
    const stage = await open({ authorize: (request) => (request.url.endsWith('?reader') ? 'read' : 'write') })
    const ann = await enter(stage).synced()
    ann.write('text')
    const { socket, heard } = await raw(stage, 'doc?reader')
    for (const message of [updateMessage, answerMessage]) socket.send(message(updateOf('graffiti')))
    // Type 2, kind 0 (denied), its reason's length: at the beginning, and for each of the two.
    await soon(() => heard.filter((data) => data.subarray(0, 3).join(' ') === '2 0 9')).toHaveLength(3)
    expect(socket.readyState).toBe(WebSocket.OPEN)
    const bob = await enter(stage).synced()
    expect([ann.text, bob.text]).toEqual(['text', 'text'])
  })

  test('pages of other origins are not let in unless they are listed', async () => {
    const stage = await open({ allowedOrigins: ['https://docs.example.com'] })
    await expect(raw(stage, 'doc', { origin: 'https://evil.example.com' })).rejects.toThrow('403')
    await raw(stage, 'doc', { origin: 'https://docs.example.com' })
    await raw(stage, 'doc', { origin: new URL(stage.url.replace('ws', 'http')).origin })
  })

  test('after disconnect everybody is asked for anew', async () => {
    let access: 'write' | 'deny' = 'write'
    const stage = await open({ authorize: () => access })
    const ann = await enter(stage).synced()
    access = 'deny'
    stage.collab.disconnect('doc')
    await soon(() => ann.closes).toEqual([
      { code: 4500, reason: 'come back' },
      { code: 4403, reason: 'forbidden' },
    ])
  })
})

describe('bad input', () => {
  test.each([
    ['nothing', Buffer.of()],
    ['an unknown type', Buffer.of(9)],
    ['an unknown kind of sync', Buffer.of(0, 7, 0)],
    ['a length that is a lie', Buffer.of(0, 2, 200, 1, 1)],
    ['a broken state vector', Buffer.of(0, 0, 2, 5, 5)],
    ['a broken update', Buffer.of(0, 2, 4, 1, 255, 255, 255)],
    ['an update cut short', Buffer.from(updateMessage(updateOf('some text').subarray(0, 12)))],
    ['an awareness that is no JSON', Buffer.from(awarenessMessage(Uint8Array.of(1, 1, 1, 1, 120)))],
    ['an awareness that is a number', Buffer.from(awarenessMessage(Uint8Array.of(1, 1, 1, 1, 53)))],
  ])('%s ends the connection with 4400 and leaves the document as it was', async (_name, message) => {
    const stage = await open()
    const ann = await enter(stage).synced()
    ann.write('intact')
    const { socket, closed } = await raw(stage)
    socket.send(message)
    expect((await closed)[0]).toBe(4400)
    const bob = await enter(stage).synced()
    expect([ann.text, bob.text, ann.closes]).toEqual(['intact', 'intact', []])
    expect(stage.collab.stats()).toEqual({ rooms: 1, connections: 2 })
  })

  test('text is no message', async () => {
    const { socket, closed } = await raw(await open())
    socket.send('hello')
    expect(await closed).toEqual([4400, 'broken message'])
  })

  test.each(['%00', 'x'.repeat(256), '', '%E0%A4'])('a room named %j is none', async (room) => {
    const { closed } = await raw(await open(), room)
    expect(await closed).toEqual([4400, 'bad room name'])
  })

  test('50 MB end the connection before they are in memory', async () => {
    const stage = await open()
    const ann = await enter(stage).synced()
    const { socket, closed } = await raw(stage)
    socket.on('error', () => {})
    socket.send(Buffer.alloc(50 * 1024 * 1024))
    expect((await closed)[0]).toBe(1009)
    ann.write('fine')
    expect((await enter(stage).synced()).text).toBe('fine')
  })

  test('a document grows to its limit and no further', async () => {
    const stage = await open({ maxDocumentBytes: 10_000 })
    const ann = await enter(stage).synced()
    ann.write('x'.repeat(9000))
    const bob = await enter(stage).synced()
    bob.write('y'.repeat(2000))
    await soon(() => bob.closes).toEqual([{ code: 4413, reason: 'document too large' }])
    expect((await enter(stage).synced()).text).toBe('x'.repeat(9000))
    expect(ann.closes).toEqual([])
  })

  test('an update whose beginning is missing is asked for once, and neither kept nor told', async () => {
    const store = memoryStore()
    const stage = await open({ store })
    const doc = new Y.Doc()
    const updates: Uint8Array[] = []
    doc.on('update', (update: Uint8Array) => updates.push(update))
    for (let n = 0; n < 6; n++) doc.getText('t').insert(0, 'x'.repeat(300_000))
    const { socket, heard } = await raw(stage)
    const asks = () => heard.filter(([type, kind]) => type === 0 && kind === 0).length
    const [first = new Uint8Array()] = updates
    for (const update of updates.slice(1, 5)) socket.send(updateMessage(update))
    // At the beginning, and for all of them once.
    await soon(asks).toBe(2)
    // What others type fills no gap, and nothing of it is seen.
    const ann = await enter(stage).synced()
    ann.write('y')
    await soon(async () => (await store.load('doc')).updates.length).toBe(1)
    expect((await enter(stage).synced()).text).toBe('y')
    socket.send(answerMessage(Y.encodeStateAsUpdate(doc)))
    await soon(() => ann.text.length).toBe(1_800_001)
    expect((await store.load('doc')).updates).toHaveLength(2)
    // The gap is closed: another one would be asked for again.
    const other = new Y.Doc()
    other.on('update', (update: Uint8Array) => updates.push(update))
    other.getText('t').insert(0, 'a')
    other.getText('t').insert(1, 'b')
    socket.send(updateMessage(updates.at(-1) ?? first))
    await soon(asks).toBe(3)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect([asks(), socket.readyState, ann.closes]).toEqual([3, WebSocket.OPEN, []])
  })

  describe('values that nest', () => {
    const nested = (depth: number): Uint8Array => {
      const doc = new Y.Doc()
      let value: unknown = 1
      for (let n = 0; n < depth; n++) value = n % 2 ? [value] : { v: value }
      doc.getMap('m').set('k', value)
      return updateMessage(Y.encodeStateAsUpdate(doc))
    }

    test('are taken as far as there is reason to', async () => {
      const stage = await open()
      ;(await raw(stage)).socket.send(nested(90))
      await soon(async () => (await stage.collab.snapshot('doc')).length).toBeGreaterThan(90)
    })

    test.each([110, 3000])(
      'are refused beyond it, at %i: another process might not be able to read them',
      async (depth) => {
        const { socket, closed } = await raw(await open())
        socket.send(nested(depth))
        expect(await closed).toEqual([4400, 'broken update'])
      },
    )
  })

  test('a state that nests, or is large, is not passed on, and ends nothing', async () => {
    const stage = await open()
    const ann = await enter(stage).synced()
    const { socket } = await raw(stage)
    for (const [index, state] of [
      `{"user":{"name":"Deep"},"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
      `{"user":{"name":"Large"},"a":"${'x'.repeat(9000)}"}`,
      '{"user":{"name":"Eve"}}',
    ].entries()) {
      socket.send(
        awarenessMessage(
          encoding.encode((encoder) => {
            for (const number of [1, 5 + index, 1]) encoding.writeVarUint(encoder, number)
            encoding.writeVarString(encoder, state)
          }),
        ),
      )
    }
    await soon(() => ann.names).toEqual(['Eve'])
    expect((await enter(stage).synced()).names).toEqual(['Eve'])
    expect(socket.readyState).toBe(WebSocket.OPEN)
  })

  test('a crowd of which everybody repeats what everybody says stays together', async () => {
    const stage = await open()
    const crowd = Array.from({ length: 30 }, () => enter(stage))
    await Promise.all(crowd.map((one) => one.synced()))
    for (const [index, one] of crowd.entries()) {
      one.provider.awareness.setLocalStateField('user', { name: `User ${index}`, note: 'x'.repeat(4000) })
    }
    await soon(() => crowd.map(({ names }) => names.length)).toEqual(crowd.map(() => 30))
    expect(crowd.flatMap(({ closes }) => closes)).toEqual([])
  })

  test('nobody moves another’s cursor, or takes it away', async () => {
    const stage = await open()
    const ann = await enter(stage).synced()
    ann.provider.awareness.setLocalStateField('user', { name: 'Ann' })
    const bob = await enter(stage).synced()
    await soon(() => bob.names).toEqual(['Ann'])
    const { socket } = await raw(stage)
    const { clientID } = ann.doc
    for (const state of ['{"user":{"name":"Mallory"}}', 'null']) {
      const id: number[] = []
      for (let rest = clientID; ; rest = Math.floor(rest / 128)) {
        id.push(rest >= 128 ? (rest % 128) | 128 : rest)
        if (rest < 128) break
      }
      socket.send(awarenessMessage(Uint8Array.of(1, ...id, 100, state.length, ...Buffer.from(state))))
    }
    bob.provider.awareness.setLocalStateField('user', { name: 'Bob' })
    await soon(() => ann.names).toEqual(['Ann', 'Bob'])
    expect(bob.names).toEqual(['Ann', 'Bob'])
  })
})

describe('places', () => {
  test('one connection too many gets 503, and a freed place is usable', async () => {
    const stage = await open({ maxConnections: 1 })
    const { socket } = await raw(stage)
    await expect(raw(stage)).rejects.toThrow('503')
    socket.close()
    await soon(() => stage.collab.stats().connections).toBe(0)
    await raw(stage)
  })

  test('one room too many is refused for now, and room is made by leaving', async () => {
    const stage = await open({ maxRooms: 1, unloadDelay: 0 })
    const ann = await enter(stage, 'a').synced()
    const bob = enter(stage, 'b')
    await soon(() => bob.closes[0]).toEqual({ code: 4503, reason: 'too many rooms' })
    ann.leave()
    await bob.synced()
  })

  test('a thousand rooms that were opened and left are gone from memory', async () => {
    const nothing = { ...memoryStore(), append: async () => {}, compact: async () => true }
    const stage = await open({ unloadDelay: 0, store: nothing })
    const visit = async (n: number): Promise<void> => {
      const writer = new Writer(stage.url, `room ${n}`)
      await writer.synced()
      writer.write('x'.repeat(20_000))
      writer.leave()
    }
    const visitMany = async (from: number, to: number): Promise<void> => {
      for (let n = from; n < to; n += 50) await Promise.all(Array.from({ length: 50 }, (_, index) => visit(n + index)))
      await soon(() => stage.collab.stats()).toEqual({ rooms: 0, connections: 0 })
    }
    await visitMany(0, 100)
    const before = await heapUsed()
    await visitMany(100, 1100)
    // The documents alone are 20 MB, which the store given here forgets at once.
    expect((await heapUsed()) - before).toBeLessThan(4e6)
  }, 60_000)

  test('a client that reads nothing is sent away, and the others don’t notice', async () => {
    const stage = await open({ maxBufferedBytes: 100_000 })
    const ann = await enter(stage).synced()
    const { socket } = await raw(stage)
    socket.pause()
    for (let n = 0; n < 400; n++) {
      ann.write('x'.repeat(20_000))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await soon(() => stage.collab.stats().connections).toBe(1)
    expect(ann.closes).toEqual([])
  })
})

describe('the store', () => {
  function watched(): CollabStore & {
    hold: (() => void)[]
    isHolding: boolean
    fails: Partial<Record<string, Error>>
    appended: number
  } {
    const store = memoryStore()
    const watch = {
      hold: [] as (() => void)[],
      isHolding: false,
      fails: {} as Partial<Record<string, Error>>,
      appended: 0,
    }
    return Object.assign(watch, {
      ...store,
      async load(room: string) {
        if (watch.fails['load']) throw watch.fails['load']
        return store.load(room)
      },
      async append(room: string, update: Uint8Array) {
        if (watch.isHolding) await new Promise<void>((resolve) => watch.hold.push(resolve))
        if (watch.fails['append']) throw watch.fails['append']
        watch.appended++
        return store.append(room, update)
      },
    })
  }

  test('nothing is seen by anybody before it is stored', async () => {
    const store = watched()
    const stage = await open({ store })
    const [ann, bob] = [await enter(stage).synced(), await enter(stage).synced()]
    store.isHolding = true
    ann.write('secret')
    await soon(() => store.hold.length).toBe(1)
    const carol = enter(stage)
    ann.write(' and more')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect([bob.text, carol.text, carol.provider.synced]).toEqual(['', '', false])
    store.isHolding = false
    for (const go of store.hold) go()
    await soon(() => [bob.text, carol.text]).toEqual(['secret and more', 'secret and more'])
  })

  test('a document larger than what may wait for a client is opened all the same', async () => {
    const stage = await open({ maxBufferedBytes: 100_000 })
    const ann = await enter(stage).synced()
    ann.provider.awareness.setLocalStateField('user', { name: 'Ann' })
    for (let n = 0; n < 6; n++) {
      ann.write('x'.repeat(1_000_000))
      await soon(async () => (await stage.collab.snapshot('doc')).length).toBeGreaterThan((n + 1) * 1_000_000)
    }
    const bob = await enter(stage).synced()
    expect([bob.text.length, bob.closes]).toEqual([6_000_000, []])
  })

  test('what is typed while the last visit is being put away is not put away with it', async () => {
    const store = watched()
    let compacting: (() => void) | undefined
    const stage = await open({
      unloadDelay: 0,
      store: {
        ...store,
        compact: async (...parameters) => {
          await new Promise<void>((resolve) => (compacting = resolve))
          return store.compact(...parameters)
        },
      },
    })
    const ann = await enter(stage).synced()
    ann.write('[1]')
    await soon(async () => (await store.load('doc')).updates.length).toBe(1)
    ann.leave()
    await soon(() => compacting !== undefined).toBe(true)
    const bob = await enter(stage).synced()
    store.isHolding = true
    bob.write('[2]')
    await soon(() => store.hold.length).toBe(1)
    bob.leave()
    await soon(() => stage.collab.stats().connections).toBe(0)
    compacting?.()
    await new Promise((resolve) => setTimeout(resolve, 50))
    store.isHolding = false
    for (const go of store.hold) go()
    await new Promise((resolve) => setTimeout(resolve, 50))
    compacting?.()
    expect((await enter(stage).synced()).text).toBe('[1][2]')
  })

  test('what is asked of a document is answered while somebody never stops typing', async () => {
    const stage = await open()
    const ann = await enter(stage).synced()
    const typing = setInterval(() => ann.write('x'), 1)
    closing.push(() => clearInterval(typing))
    await soon(async () => (await stage.collab.snapshot('doc')).length).toBeGreaterThan(10)
    const { id } = await stage.collab.saveVersion('doc')
    expect(await stage.collab.restore('doc', id)).toBe(true)
  })

  test('visits that are short make one version in its time, and not one each', async () => {
    const stage = await open({ unloadDelay: 0 })
    for (let n = 0; n < 4; n++) {
      const ann = await enter(stage).synced()
      ann.write('x')
      await stage.collab.snapshot('doc')
      ann.leave()
      await soon(() => stage.collab.stats().rooms).toBe(0)
    }
    expect(await stage.collab.versions('doc')).toHaveLength(1)
  })

  test.each(['open', 'saveVersion', 'versions', 'version', 'delete'] as const)(
    'one that never answers to %s is given up',
    async (method) => {
      const store = { ...memoryStore(), [method]: () => new Promise<never>(() => {}) }
      const stage = await open({ store, storeTimeout: 50 })
      const call = {
        open: 'snapshot',
        saveVersion: 'saveVersion',
        versions: 'versions',
        version: 'version',
        delete: 'delete',
      } as const
      await expect(stage.collab[call[method]]('doc', '1')).rejects.toThrow(/did not answer within 50 ms/)
    },
  )

  test('one that can’t be opened is in the log, and clients come again', async () => {
    const store = { ...memoryStore(), open: () => Promise.reject(new Error('no such database')) }
    const stage = await open({ store })
    const ann = enter(stage)
    await soon(() => ann.closes[0]).toEqual({ code: 4503, reason: 'document unavailable' })
    expect(stage.logged[0]).toMatchObject({ level: 'error', message: 'collab: the store could not be opened' })
  })

  test('what comes in one tick, or while a row is written, is one row', async () => {
    const store = watched()
    const stage = await open({ store })
    const ann = await enter(stage).synced()
    store.isHolding = true
    ann.write('a')
    await soon(() => store.hold.length).toBe(1)
    for (let n = 0; n < 50; n++) ann.write('b')
    await new Promise((resolve) => setTimeout(resolve, 100))
    store.isHolding = false
    for (const go of store.hold) go()
    const bob = await enter(stage).synced()
    expect(bob.text).toBe(`a${'b'.repeat(50)}`)
    expect(store.appended).toBe(2)
  })

  test('an update that can’t be stored is seen by nobody, and comes again when it can', async () => {
    const store = watched()
    const stage = await open({ store })
    const [ann, bob] = [await enter(stage).synced(), await enter(stage).synced()]
    store.fails = { append: new Error('disk full'), load: new Error('disk full') }
    ann.write('kept by its writer')
    await soon(() => bob.closes.length).toBeGreaterThan(0)
    expect([bob.text, bob.closes[0]]).toEqual(['', { code: 4503, reason: 'document unavailable' }])
    store.fails = {}
    await soon(() => bob.text).toBe('kept by its writer')
    expect(stage.logged[0]).toMatchObject({ level: 'error', message: 'collab: an update could not be stored' })
  })

  test('a document that can’t be loaded lets nobody in, and is not stored over', async () => {
    const store = watched()
    await store.append('doc', Uint8Array.of(1, 2, 3, 4, 5, 6))
    const stage = await open({ store })
    const ann = enter(stage)
    ann.write('on top of it')
    await soon(() => ann.closes[0]).toEqual({ code: 4503, reason: 'document unavailable' })
    ann.leave()
    await soon(() => stage.collab.stats()).toEqual({ rooms: 0, connections: 0 })
    expect((await store.load('doc')).updates).toEqual([Uint8Array.of(1, 2, 3, 4, 5, 6)])
  })

  test('a store that does not answer is given up, and asked again', async () => {
    const store = watched()
    const stage = await open({ store, storeTimeout: 50 })
    const ann = await enter(stage).synced()
    store.isHolding = true
    ann.write('x')
    await soon(() => ann.closes[0]).toEqual({ code: 4503, reason: 'document unavailable' })
    store.isHolding = false
    await soon(async () => (await store.load('doc')).updates.length).toBe(1)
  })

  test('the last to leave leaves one snapshot, and the next finds the document', async () => {
    const store = memoryStore()
    const stage = await open({ store, unloadDelay: 0 })
    const ann = await enter(stage).synced()
    for (let n = 0; n < 5; n++) {
      ann.write('x')
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    ann.leave()
    await soon(() => stage.collab.stats().rooms).toBe(0)
    expect(await store.load('doc')).toMatchObject({ updates: { length: 1 }, base: { revision: 1, updateIds: [] } })
    expect((await enter(stage).synced()).text).toBe('xxxxx')
    expect(await stage.collab.versions('doc')).toHaveLength(1)
  })

  test('a long session is put together on its way', async () => {
    const store = memoryStore()
    const stage = await open({ store, compactAfter: 10 })
    const ann = await enter(stage).synced()
    for (let n = 0; n < 40; n++) {
      ann.write('x')
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await soon(async () => (await store.load('doc')).updates.length).toBeLessThan(15)
    expect((await store.load('doc')).base.revision).toBeGreaterThan(1)
    expect((await enter(stage).synced()).text).toBe('x'.repeat(40))
  })
})

describe('versions', () => {
  test('are restored by a change that everybody sees, and that is undone by another', async () => {
    const stage = await open()
    const [ann, bob] = [await enter(stage).synced(), await enter(stage).synced()]
    ann.doc.getMap('m').set('colour', 'red')
    ann.write('first draft')
    await soon(() => bob.text).toBe('first draft')
    const { id } = await stage.collab.saveVersion('doc')
    bob.doc.getText('t').delete(0, 6)
    bob.doc.getText('t').insert(0, 'second ')
    bob.doc.getMap('m').set('colour', 'blue')
    await soon(() => [ann.text, ann.doc.getMap('m').get('colour')]).toEqual(['second draft', 'blue'])
    expect(await stage.collab.restore('doc', id)).toBe(true)
    await soon(() => [ann.text, bob.text, bob.doc.getMap('m').toJSON()]).toEqual([
      'first draft',
      'first draft',
      { colour: 'red' },
    ])
    const [newest] = await stage.collab.versions('doc')
    await stage.collab.restore('doc', newest?.id ?? '')
    await soon(() => [ann.text, bob.text]).toEqual(['second draft', 'second draft'])
    ann.write('!')
    await soon(() => bob.text).toBe('second draft!')
    expect(await stage.collab.restore('doc', '999')).toBe(false)
  })

  test('are of one room, and can be read without it', async () => {
    const stage = await open()
    ;(await enter(stage).synced()).write('x')
    await soon(async () => (await stage.collab.snapshot('doc')).length).toBeGreaterThan(2)
    const { id, bytes } = await stage.collab.saveVersion('doc')
    const version = await stage.collab.version('doc', id)
    expect(version).toHaveLength(bytes)
    expect(await stage.collab.version('other', id)).toBeUndefined()
    const doc = new Y.Doc()
    Y.applyUpdate(doc, version ?? new Uint8Array())
    expect(doc.getText('t').toJSON()).toBe('x')
  })
})

test('nothing of a deleted document comes back, whatever was on its way', async () => {
  const store = memoryStore()
  const slowly = async <T>(work: () => Promise<T>): Promise<T> => {
    await new Promise((resolve) => setTimeout(resolve, 60))
    return work()
  }
  const stage = await open({
    compactAfter: 1,
    versionEvery: 0,
    store: {
      ...store,
      append: (...parameters) => slowly(() => store.append(...parameters)),
      compact: (...parameters) => slowly(() => store.compact(...parameters)),
      delete: (...parameters) => slowly(() => store.delete(...parameters)),
    },
  })
  const ann = await enter(stage).synced()
  ann.write('one')
  await stage.collab.snapshot('doc')
  ann.write('two')
  await new Promise((resolve) => setTimeout(resolve, 20))
  const deleting = stage.collab.delete('doc')
  const bob = await enter(stage).synced()
  expect(bob.text).toBe('')
  await deleting
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect([(await store.load('doc')).updates, await store.versions('doc')]).toEqual([[], []])
})

test('a deleted document is gone, and those who have it open are told', async () => {
  const store = memoryStore()
  const stage = await open({ store })
  const ann = await enter(stage).synced()
  ann.write('x')
  await stage.collab.snapshot('doc')
  await stage.collab.delete('doc')
  await soon(() => ann.closes).toEqual([{ code: 4410, reason: 'document deleted' }])
  expect((await store.load('doc')).updates).toEqual([])
  await soon(() => stage.collab.stats()).toEqual({ rooms: 0, connections: 0 })
})

test('a close stores what was received, says goodbye and leaves nothing behind', async () => {
  const store = memoryStore()
  const stage = await openStage({ store, valkeyUrl: 'memory:' })
  const ann = await enter(stage).synced()
  ann.write('last words')
  await soon(async () => (await store.load('doc')).updates.length).toBe(1)
  await stage.close()
  expect(ann.closes[0]?.code).toBe(1001)
  expect((await store.load('doc')).base.revision).toBe(1)
  expect(stage.collab.stats()).toEqual({ rooms: 0, connections: 0 })
  await stage.collab.close()
})

test('options that can’t be meant are refused by name', async () => {
  const wrong = [
    { authorize: undefined },
    { store: undefined },
    { path: 'collab' },
    { maxRooms: 0 },
    { maxUpdateBytes: 1.5 },
    { allowedOrigins: 'x' },
    { valkeyUrl: 'localhost:6379' },
    { trustProxy: 'off' },
    { maxConnection: 5 },
    { allowedOrigins: ['https://a.test/'] },
  ]
  const messages = await Promise.all(
    wrong.map((options) =>
      openStage(options as never).then(
        () => 'accepted',
        (error: Error) => error.message,
      ),
    ),
  )
  expect(messages).toEqual([
    expect.stringMatching(/^createCollabServer: authorize must be a function/),
    expect.stringMatching(/^createCollabServer: store must be sqlStore/),
    expect.stringMatching(/^createCollabServer: path must be a path such as/),
    expect.stringMatching(/^createCollabServer: maxRooms must be a whole number from 1/),
    expect.stringMatching(/^createCollabServer: maxUpdateBytes/),
    expect.stringMatching(/^createCollabServer: allowedOrigins/),
    expect.stringMatching(/^createCollabServer: VALKEY_URL must be a URL/),
    expect.stringMatching(/^createCollabServer: trustProxy must be true or false/),
    expect.stringMatching(/^createCollabServer: there is no 'maxConnection'; what there is: authorize/),
    expect.stringMatching(/^createCollabServer: allowedOrigins .* without a slash/),
  ])
})
