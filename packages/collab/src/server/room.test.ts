// A room alone: whatever it is sent, it stays whole, and the store has what it has.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { memoryStore } from './memory-store.ts'
import { awarenessMessage, readMessage, updateMessage } from './messages.ts'
import { noRelay } from './relay.ts'
import { Room, type Guest, type RoomSettings } from './room.ts'

const runs = Number(process.env['FUZZ_RUNS'] ?? 300)
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

function settings(): RoomSettings {
  return {
    store: memoryStore(),
    relay: noRelay,
    log: quiet,
    maxDocumentBytes: 1_000_000,
    turns: (work) => work(),
    maxUpdateBytes: 1_000_000,
    compactAfter: 7,
    versionEvery: 0,
    maxVersions: 5,
  }
}

const nothing = (): void => {}
const guest = (): Guest => ({ send: nothing, answer: nothing, close: nothing, pause: nothing, resume: nothing })

/** Real updates of several writers, of every kind of content. */
function realUpdates(seed: number): Uint8Array[] {
  const updates: Uint8Array[] = []
  const docs = [1, 2].map(() => new Y.Doc())
  for (const doc of docs) doc.on('update', (update: Uint8Array) => updates.push(update))
  const [a, b] = docs as [Y.Doc, Y.Doc]
  a.getText('t').insert(0, `hello ${seed} 🦊`)
  a.getMap('m').set('k', { deep: [1, null, 'x'] })
  Y.applyUpdate(b, Y.encodeStateAsUpdate(a))
  b.getText('t').format(0, 3, { bold: true })
  b.getText('t').delete(1, 2)
  b.getArray('l').push([new Y.Map([['a', 1]]), Uint8Array.of(1, 2), true])
  const element = new Y.XmlElement('p')
  a.getXmlFragment('x').insert(0, [element])
  element.insert(0, [new Y.XmlText('text')])
  element.setAttribute('class', 'c')
  a.getMap('m').set('doc', new Y.Doc())
  return updates
}

interface Mutation {
  readonly at: number
  readonly value: number
  readonly kind: 'set' | 'cut' | 'insert' | 'none'
}

function mutate(update: Uint8Array, { at, value, kind }: Mutation): Uint8Array {
  const position = Math.floor(at * update.length)
  if (kind === 'none') return update
  if (kind === 'cut') return update.slice(0, position)
  if (kind === 'set') return update.map((byte, index) => (index === position ? value : byte))
  return Uint8Array.from([...update.slice(0, position), value, ...update.slice(position)])
}

const mutations = fc.array(
  fc.record({
    pick: fc.nat(20),
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    value: fc.nat(255),
    kind: fc.constantFrom('set', 'cut', 'insert', 'none'),
  }),
  { minLength: 1, maxLength: 12 },
)

describe('whatever comes in', () => {
  test('a room takes it or refuses it, and what it took is what the next one loads', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), mutations, async (seed, changes) => {
        const options = settings()
        const room = new Room('r', options)
        await room.loaded
        const updates = realUpdates(seed)
        for (const change of changes) {
          if (room.isClosed) break
          const update = updates[change.pick % updates.length] ?? new Uint8Array()
          room.receive(guest(), mutate(update, change))
        }
        const state = room.isClosed ? undefined : contentOf(await room.snapshot())
        await room.settle()
        room.close({ code: 1000, reason: '' })
        const next = new Room('r', options)
        await next.loaded
        const loaded = contentOf(await next.snapshot())
        next.close({ code: 1000, reason: '' })
        // A room that was given up has nothing that the next one must have.
        expect(loaded).toEqual(state ?? loaded)
      }),
      { numRuns: runs },
    )
  })

  test('messages are read or refused, and presence is taken or refused', async () => {
    const room = new Room('r', settings())
    await room.loaded
    const seeds = [
      updateMessage(Uint8Array.of(0, 0)),
      awarenessMessage(Uint8Array.from([1, 5, 1, 2, ...Buffer.from('{}')])),
      Uint8Array.of(3),
      Uint8Array.of(0, 0, 1, 0),
    ]
    fc.assert(
      fc.property(fc.nat(3), fc.uint8Array({ maxLength: 40 }), mutations, (pick, noise, changes) => {
        let bytes = seeds[pick] ?? noise
        for (const change of changes) bytes = mutate(bytes, change)
        for (const input of [bytes, noise]) {
          refusing(() => {
            const message = readMessage(input)
            if (message.type === 'awareness') room.say(guest(), message.update)
            if (message.type === 'ask') room.answer(guest(), message.stateVector)
          })
        }
      }),
      { numRuns: runs },
    )
    expect(room.isClosed).toBe(false)
    room.close({ code: 1000, reason: '' })
  })
})

/** A refusal is an Error; anything else that is thrown is not. */
function refusing(run: () => void): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof Error)) throw error
  }
}

function contentOf(update: Uint8Array): unknown {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, update)
  const content = [doc.getText('t').toDelta(), doc.getArray('l').toJSON(), doc.getXmlFragment('x').toJSON()]
  const vector = Array.from(Y.decodeStateVector(Y.encodeStateVector(doc))).toSorted(([a], [b]) => a - b)
  doc.destroy()
  return [content, vector]
}
