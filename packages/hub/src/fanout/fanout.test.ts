import { disconnect, type Disconnect, type Publication, type StreamPosition } from '@backchannel/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { Channel, type Subscriber } from './channel.ts'
import { Flusher } from './fanout.ts'
import type { Sink } from './sink.ts'
import { failOnReport } from '../testing/fail-on-report.ts'
import { TestClock } from '../testing/test-clock.ts'
import type { Variant } from './variant.ts'
import { Writer } from './writer.ts'

// Two wires that have nothing to do with Centrifugo's protocol: the fan-out must not know the difference.
function numbersVariant(key: string, encodings: string[] = []): Variant {
  return {
    key,
    encode: (channel, publications) => {
      encodings.push(key)
      const body = publications.map(({ data }) => String(data))
      return Buffer.from(`${channel}:${body.join('+')};`)
    },
  }
}

const binary: Variant = {
  key: 'binary',
  encode: (_channel, publications) => {
    const isForbidden = publications[0]?.data === '"forbidden"'
    if (isForbidden) throw disconnect('inappropriateProtocol')
    return Uint8Array.of(0xff, publications.length)
  },
}

class Member implements Subscriber, Sink {
  readonly writer: Writer
  readonly received: Buffer[] = []
  readonly writes: number[] = []
  readonly closes: number[] = []
  readonly variant: Variant
  readonly positioned: boolean
  seat = -1
  gaps = 0
  unsendable: Disconnect | undefined
  bytesQueued = 0

  constructor(flusher: Flusher, variant: Variant, positioned = false) {
    this.variant = variant
    this.positioned = positioned
    this.writer = new Writer(this, flusher, 1000, { onSlow: () => {} })
  }

  get text(): string {
    return Buffer.concat(this.received).toString()
  }

  write(batch: readonly Uint8Array[]): void {
    this.writes.push(batch.length)
    this.received.push(...batch.map((bytes) => Buffer.from(bytes)))
  }

  close(code: number): void {
    this.closes.push(code)
  }

  onGap(): void {
    this.gaps++
  }

  onUnsendable(reason: Disconnect): void {
    this.unsendable = reason
  }
}

let clock: TestClock
let flusher: Flusher
let channel: Channel

beforeEach(() => {
  clock = new TestClock()
  flusher = new Flusher(clock, failOnReport)
  channel = new Channel('c', flusher)
})

function publication(data: string, offset = 0): Publication {
  return { data, offset }
}

test('each variant is encoded once per tick and everybody gets the same bytes in one write', () => {
  const encodings: string[] = []
  const text = numbersVariant('text', encodings)
  const members = Array.from({ length: 50 }, () => new Member(flusher, text))
  const other = new Member(flusher, binary)
  for (const member of [...members, other]) channel.add(member)
  for (const data of ['1', '2', '3']) channel.publish(publication(data), '')
  clock.tick()
  expect(encodings).toEqual(['text'])
  expect(new Set(members.map((member) => member.text))).toEqual(new Set(['c:1+2+3;']))
  expect(members[0]?.writes).toEqual([1])
  expect(other.received).toEqual([Buffer.from([0xff, 3])])
})

test.each([
  { recipients: 255, written: [1, 2] },
  { recipients: 256, written: [1] },
])('$recipients recipients: what comes a turn later goes along only where the writes take long', (sizes) => {
  const members = Array.from({ length: sizes.recipients }, () => new Member(flusher, numbersVariant('text')))
  for (const member of members) channel.add(member)
  channel.publish(publication('1'), '')
  clock.turn()
  channel.publish(publication('2'), '')
  clock.turn()
  const [first] = members
  expect(first?.writes).toHaveLength(sizes.written.length)
  expect(first?.text).toBe(sizes.written.length === 1 ? 'c:1+2;' : 'c:1;c:2;')
  // Nothing is put off any further.
  channel.publish(publication('3'), '')
  clock.turn()
  channel.publish(publication('4'), '')
  clock.turn()
  channel.publish(publication('5'), '')
  expect(first?.text).toContain('4;')
  clock.tick()
  expect(first?.text.replaceAll(/[^\d]/g, '')).toBe('12345')
})

test('nothing waits for a loop that is busy: neither in the turn that publishes nor after one that took long', () => {
  const members = Array.from({ length: 256 }, () => new Member(flusher, numbersVariant('text')))
  for (const member of members) channel.add(member)
  const [first] = members
  const publish = (data: string): void => channel.publish(publication(data), '')
  publish('1')
  clock.pass(5)
  clock.turn()
  expect(first?.text).toBe('c:1;')
  publish('2')
  clock.turn()
  // The turn that is waited for turns out to be long.
  clock.pass(5)
  clock.turn()
  expect(first?.writes).toHaveLength(2)
  for (const data of ['3', '4', '5']) {
    publish(data)
    clock.turn()
    expect(first?.text).toContain(`c:${data};`)
  }
  // Long ago by now.
  publish('6')
  clock.turn()
  publish('7')
  clock.turn()
  expect(first?.text).toContain('c:6+7;')
})

test('several channels of one tick reach a connection in one write', () => {
  const member = new Member(flusher, numbersVariant('text'))
  const other = new Channel('d', flusher)
  channel.add(member)
  const inOther: Subscriber = {
    variant: member.variant,
    writer: member.writer,
    positioned: false,
    seat: -1,
    onGap() {},
    onUnsendable() {},
  }
  other.add(inOther)
  channel.publish(publication('1'), '')
  other.publish(publication('2'), '')
  clock.tick()
  expect(member.text).toBe('c:1;d:2;')
  expect(member.writes).toEqual([2])
})

test("one channel's publications wait for no queue, and don't pass one", () => {
  const text = numbersVariant('text')
  const [waiting, clear] = [new Member(flusher, text), new Member(flusher, text)]
  channel.add(waiting)
  channel.add(clear)
  waiting.writer.enqueue(Buffer.from('reply;'))
  channel.publish(publication('1'), '')
  clock.tick()
  expect(waiting.text).toBe('reply;c:1;')
  expect(waiting.writes).toEqual([2])
  expect(clear.text).toBe('c:1;')
  expect(clear.writes).toEqual([1])
})

test('a slow member is closed also in a tick of one channel and one small publication', () => {
  const text = numbersVariant('text')
  const [slow, other] = [new Member(flusher, text), new Member(flusher, text)]
  channel.add(slow)
  channel.add(other)
  slow.bytesQueued = 1001
  channel.publish(publication('1'), '')
  clock.tick()
  expect(slow.text).toBe('')
  expect(slow.closes).toEqual([3008])
  expect(other.text).toBe('c:1;')
})

test('who joins in the middle of a tick gets nothing from before', () => {
  const text = numbersVariant('text')
  const early = new Member(flusher, text)
  const late = new Member(flusher, text)
  channel.add(early)
  channel.publish(publication('1'), '')
  channel.add(late)
  channel.publish(publication('2'), '')
  clock.tick()
  expect(early.text).toBe('c:1;c:2;')
  expect(late.text).toBe('c:2;')
})

test('who leaves in the middle of a tick gets everything from before and nothing from after', () => {
  const text = numbersVariant('text')
  const stays = new Member(flusher, text)
  const leaves = new Member(flusher, text)
  channel.add(leaves)
  channel.add(stays)
  channel.publish(publication('1'), '')
  channel.remove(leaves)
  channel.publish(publication('2'), '')
  clock.tick()
  expect(leaves.text).toBe('c:1;')
  expect(stays.text).toBe('c:1;c:2;')
})

test('64 KiB of one tick are handed on before it ends', () => {
  const member = new Member(flusher, numbersVariant('text'))
  channel.add(member)
  channel.publish(publication('x'.repeat(64 * 1024)), '')
  expect(member.writes).toEqual([1])
})

test('a variant that cannot carry a publication ends its own subscribers only', () => {
  const text = new Member(flusher, numbersVariant('text'))
  const bytes = new Member(flusher, binary)
  channel.add(bytes)
  channel.add(text)
  channel.publish(publication('"forbidden"'), '')
  clock.tick()
  expect(bytes.unsendable?.code).toBe(3506)
  expect(text.text).toBe('c:"forbidden";')
})

test('a slow member in the middle of the members costs nobody else a message', () => {
  const text = numbersVariant('text')
  const members = Array.from({ length: 5 }, () => new Member(flusher, text))
  for (const member of members) channel.add(member)
  const [, slow] = members
  if (slow) slow.bytesQueued = 1_000_000
  channel.publish(publication('x'.repeat(70_000)), '')
  channel.publish(publication('y'.repeat(70_000)), '')
  clock.tick()
  const lengths = members.map((member) => member.text.length)
  expect(lengths).toEqual([140_006, 0, 140_006, 140_006, 140_006])
})

test('leaving keeps the seats right, whoever leaves', () => {
  const text = numbersVariant('text')
  const members = Array.from({ length: 6 }, () => new Member(flusher, text))
  for (const member of members) channel.add(member)
  for (const index of [0, 3, 5]) channel.remove(members[index] as Member)
  channel.publish(publication('1'), '')
  clock.tick()
  expect(members.map((member) => member.text)).toEqual(['', 'c:1;', 'c:1;', '', 'c:1;', ''])
  expect(channel.subscriberCount).toBe(3)
  for (const index of [1, 2, 4]) channel.remove(members[index] as Member)
  expect(channel.idle).toBe(true)
})

describe('positions', () => {
  const at = (offset: number, epoch = 'e'): StreamPosition => ({ offset, epoch })
  let positioned: Member
  let plain: Member

  beforeEach(() => {
    const text = numbersVariant('text')
    positioned = new Member(flusher, text, true)
    plain = new Member(flusher, text)
    channel.add(plain)
  })

  test('what lies before the own position is skipped, what follows it is heard', () => {
    channel.add(positioned, at(2))
    for (const offset of [1, 2, 3]) channel.publish(publication(String(offset), offset), 'e')
    clock.tick()
    expect(positioned.text).toBe('c:3;')
    expect(plain.text).toBe('c:1+2;c:3;')
    expect(positioned.gaps).toBe(0)
  })

  test('a publication outside the stream reaches also who is ahead of it', () => {
    channel.add(positioned, at(5))
    channel.publish(publication('0'), '')
    clock.tick()
    expect(positioned.text).toBe('c:0;')
  })

  test('a gap is told to positioned members, once, and they hear nothing behind it', () => {
    channel.add(positioned, at(1))
    channel.publish(publication('2', 2), 'e')
    channel.publish(publication('4', 4), 'e')
    channel.publish(publication('5', 5), 'e')
    clock.tick()
    expect(positioned.text).toBe('c:2;')
    expect(positioned.gaps).toBe(1)
    expect(plain.text).toBe('c:2;c:4+5;')
  })

  test('a new epoch is a gap, also for who still waits ahead', () => {
    channel.add(positioned, at(7))
    channel.publish(publication('1', 1), 'other')
    clock.tick()
    expect(positioned.gaps).toBe(1)
    expect(positioned.text).toBe('')
  })

  test('a publication that was delivered before is delivered no second time', () => {
    channel.publish(publication('1', 1), 'e')
    channel.publish(publication('1', 1), 'e')
    clock.tick()
    expect(plain.text).toBe('c:1;')
  })
})
