// One publication, from a client's frame to another client's write: the table at the top of ARCHITECTURE.md.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Channel } from './fanout/channel.ts'
import { MemoryBroker } from './broker/memory-broker.ts'
import { wires } from './wires/wires.ts'
import { createTestHub, type TestHub } from './testing/test-hub.ts'
import { Writer } from './fanout/writer.ts'

let hub: TestHub

beforeEach(() => {
  hub = createTestHub()
})

afterEach(() => {
  vi.restoreAllMocks()
  hub.close()
})

test('a publication passes broker, channel, fan-out and writer, and is encoded once for all', () => {
  const seen: string[] = []
  const watch = <T extends object>(target: T, name: keyof T & string, label: string): void => {
    const original = target[name] as (...args: unknown[]) => unknown
    vi.spyOn(target, name as never).mockImplementation(function (this: unknown, ...args: unknown[]) {
      seen.push(label)
      return original.apply(this, args)
    } as never)
  }
  const sender = hub.connected('alice')
  const listeners = ['bob', 'carol'].map((user) => hub.connected(user))
  for (const listener of listeners) listener.send({ id: 2, subscribe: { channel: 'kept:a' } })
  hub.clock.tick()

  watch(MemoryBroker.prototype, 'publish', 'broker')
  watch(Channel.prototype, 'publish', 'channel')
  for (const way of ['enqueue', 'send'] as const) watch(Writer.prototype, way, 'writer')
  const { wire } = listeners[0]?.session ?? {}
  if (wire) watch(wire, 'encode', 'encode')
  sender.send({ id: 2, publish: { channel: 'kept:a', data: { text: 'hello' } } })
  // Nobody has heard anything yet: the log of the tick is handed on at its end.
  expect(listeners.map((listener) => listener.publications('kept:a'))).toEqual([[], []])
  hub.clock.tick()

  expect(seen).toEqual(['broker', 'channel', 'writer', 'encode', 'writer', 'writer'])
  expect(listeners.map((listener) => listener.publications('kept:a'))).toEqual([
    [{ text: 'hello' }],
    [{ text: 'hello' }],
  ])
  expect(sender.reply(2)).toEqual({ id: 2, publish: {} })
})

test('what an app does to an object after publishing it changes nothing', () => {
  const listener = hub.connected()
  listener.send({ id: 2, subscribe: { channel: 'kept:a' } })
  const tags = { colour: 'red' }
  void hub.core.publish('kept:a', { data: '{"n":1}', tags: { ...tags } })
  tags.colour = 'blue'
  hub.clock.tick()
  expect(listener.messages.at(-1)).toMatchObject({ push: { pub: { data: { n: 1 }, tags: { colour: 'red' } } } })
})

test('a frame holds at most sixteen messages, and its length is right at every size', () => {
  const publications = (count: number, length: number): Parameters<typeof wires.webSocket.json.encode>[1] =>
    Array.from({ length: count }, () => ({
      data: JSON.stringify('ü'.repeat(length)),
      offset: 0,
    }))
  for (const [count, length] of [
    [1, 1],
    [1, 30],
    [1, 60],
    [16, 1],
    [17, 1],
    [40, 300],
    [1, 33_000],
    [33, 3000],
  ] as const) {
    const frames = parseFrames(wires.webSocket.json.encode('c', publications(count, length)))
    const messages = frames.map((frame) => frame.split('\n'))
    expect(messages.every((inFrame) => inFrame.length <= 16)).toBe(true)
    expect(messages.flat()).toHaveLength(count)
    for (const message of messages.flat()) {
      expect(JSON.parse(message)).toEqual({ push: { channel: 'c', pub: { data: 'ü'.repeat(length) } } })
    }
  }
})

/** The payloads of unmasked, final text frames, read by the book. */
function parseFrames(bytes: Uint8Array): string[] {
  const view = Buffer.from(bytes)
  const payloads: string[] = []
  for (let at = 0; at < view.length;) {
    expect(view[at]).toBe(0x81)
    let length = view.readUInt8(at + 1)
    at += 2
    if (length === 126) {
      length = view.readUInt16BE(at)
      at += 2
    } else if (length === 127) {
      length = Number(view.readBigUInt64BE(at))
      at += 8
    }
    payloads.push(view.subarray(at, at + length).toString('utf8'))
    at += length
  }
  return payloads
}
