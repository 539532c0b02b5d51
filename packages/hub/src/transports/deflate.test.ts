import { randomBytes } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { deflatingWires } from './deflate.ts'

const wires = deflatingWires({ compression_level: 1, compression_min_size: 0 })

/** A server's frame: its first byte, and what stands in it, inflated where that is said. */
function read(frame: Uint8Array): { first: number; bytes: Buffer } {
  const buffer = Buffer.from(frame)
  const [first = 0, short = 0] = buffer
  const start = short === 127 ? 10 : short === 126 ? 4 : 2
  const length = short === 127 ? Number(buffer.readBigUInt64BE(2)) : short === 126 ? buffer.readUInt16BE(2) : short
  const payload = buffer.subarray(start)
  expect(payload).toHaveLength(length)
  const tail = Buffer.from([0, 0, 0xff, 0xff])
  const isCompressed = (first & 0x40) > 0
  return { first, bytes: isCompressed ? inflateRawSync(Buffer.concat([payload, tail]), { finishFlush: 2 }) : payload }
}

test.each([1, 100, 3000, 200_000])('a publication of %i characters is the same once it is inflated', (length) => {
  // Text that shrinks by a quarter, so that the longest is above 65,535 bytes when it is compressed.
  const data = JSON.stringify(randomBytes(length).toString('base64').slice(0, length))
  const { bytes } = read(wires.json.encode('c', [{ data, offset: 0 }]))
  expect(JSON.parse(bytes.toString())).toEqual({ push: { channel: 'c', pub: { data: JSON.parse(data) as unknown } } })
})

test('all of a tick is one message', () => {
  const publications = Array.from({ length: 40 }, (_, n) => ({ data: String(n), offset: 0 }))
  const { first, bytes } = read(wires.json.encode('c', publications))
  expect(first).toBe(0xc1)
  expect(bytes.toString().split('\n')).toHaveLength(40)
})

test('what would grow, or is short, is sent as it is', () => {
  expect(read(wires.protobuf.encode('c', [{ data: randomBytes(3000), offset: 0 }])).first).toBe(0x82)
  expect(read(wires.protobuf.encode('c', [{ data: Buffer.alloc(3000), offset: 0 }])).first).toBe(0xc2)
  expect(read(wires.json.ping).first).toBe(0x81)
})

test('what one connection alone is sent is compressed up to 64 KiB', () => {
  const reply = (length: number) => ({ id: 1, rpc: { data: JSON.stringify('a'.repeat(length)) } })
  expect(read(wires.json.reply(reply(60_000))).first).toBe(0xc1)
  expect(read(wires.json.reply(reply(70_000))).first).toBe(0x81)
  expect(read(wires.protobuf.reply(reply(70_000))).first).toBe(0x82)
  // A publication is everybody's.
  const data = JSON.stringify('a'.repeat(70_000))
  expect(read(wires.json.encode('c', [{ data, offset: 0 }])).first).toBe(0xc1)
})
