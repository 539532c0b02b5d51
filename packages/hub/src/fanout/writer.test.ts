import { disconnect } from '@backchannel/protocol'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { Flusher } from './fanout.ts'
import type { Sink } from './sink.ts'
import { failOnReport } from '../testing/fail-on-report.ts'
import { TestClock } from '../testing/test-clock.ts'
import { Writer } from './writer.ts'

class RecordingSink implements Sink {
  readonly writes: string[] = []
  readonly closes: number[] = []
  bytesQueued = 0

  write(batch: readonly Uint8Array[]): void {
    this.writes.push(Buffer.concat(batch).toString())
  }

  close(code: number): void {
    this.closes.push(code)
  }
}

let clock: TestClock
let flusher: Flusher
let sink: RecordingSink
const onSlow = vi.fn()
let writer: Writer

beforeEach(() => {
  clock = new TestClock()
  flusher = new Flusher(clock, failOnReport)
  sink = new RecordingSink()
  onSlow.mockReset()
  writer = new Writer(sink, flusher, 1000, { onSlow })
})

test('everything of one tick leaves in one write, in order', () => {
  for (const text of ['a', 'b', 'c']) writer.enqueue(Buffer.from(text))
  expect(sink.writes).toEqual([])
  clock.tick()
  writer.enqueue(Buffer.from('d'))
  clock.tick()
  expect(sink.writes).toEqual(['abc', 'd'])
})

test('64 KiB do not wait for the end of the tick', () => {
  writer.enqueue(Buffer.alloc(64 * 1024))
  expect(sink.writes).toHaveLength(1)
})

test('close sends what is queued, then Close, then nothing', () => {
  writer.enqueue(Buffer.from('a'))
  writer.close(disconnect('shutdown'))
  writer.enqueue(Buffer.from('b'))
  writer.close(disconnect('slow'))
  clock.tick()
  expect(sink.writes).toEqual(['a'])
  expect(sink.closes).toEqual([3001])
})

test('a peer above its bound is closed 3008 and its queue dropped; the owner hears of it at the end of the tick', () => {
  sink.bytesQueued = 1001
  writer.enqueue(Buffer.alloc(64 * 1024))
  expect(sink.closes).toEqual([3008])
  expect(onSlow).not.toHaveBeenCalled()
  clock.tick()
  expect(onSlow).toHaveBeenCalledOnce()
  expect(sink.writes).toEqual([])
  writer.enqueue(Buffer.from('late'))
  clock.tick()
  expect(sink.writes).toEqual([])
})

test('at the bound, not above it, the peer stays', () => {
  sink.bytesQueued = 1000
  writer.enqueue(Buffer.from('a'))
  clock.tick()
  expect(sink.writes).toEqual(['a'])
})

describe('straight to the sink', () => {
  test('when nothing is queued', () => {
    writer.send(Buffer.from('a'))
    expect(sink.writes).toEqual(['a'])
    expect(flusher.waiting).toBe(0)
  })

  test('not past what is queued: both leave in one write, in order', () => {
    writer.enqueue(Buffer.from('a'))
    writer.send(Buffer.from('b'))
    expect(sink.writes).toEqual([])
    clock.tick()
    expect(sink.writes).toEqual(['ab'])
  })

  test('not after Close', () => {
    writer.close(disconnect('shutdown'))
    writer.send(Buffer.from('a'))
    clock.tick()
    expect(sink.writes).toEqual([])
  })

  test('not to a peer above its bound: it is closed 3008 at the end of the tick', () => {
    sink.bytesQueued = 1001
    writer.send(Buffer.from('a'))
    expect(sink.closes).toEqual([])
    clock.tick()
    expect(sink.writes).toEqual([])
    expect(sink.closes).toEqual([3008])
    expect(onSlow).toHaveBeenCalledOnce()
  })

  test('at the bound, not above it, the peer stays', () => {
    sink.bytesQueued = 1000
    writer.send(Buffer.from('a'))
    expect(sink.writes).toEqual(['a'])
  })
})

test('an abandoned connection writes nothing and is not closed again', () => {
  writer.enqueue(Buffer.from('a'))
  writer.abandon()
  writer.close(disconnect('shutdown'))
  clock.tick()
  expect(sink.writes).toEqual([])
  expect(sink.closes).toEqual([])
})
