/**
 * Mutations of valid frames: whatever comes, a command comes out or MalformedCommand is thrown. FUZZ_RUNS=2000000 runs
 * more of them than every change needs.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { expect, test } from 'vitest'
import { MalformedCommand } from './malformed-command.ts'
import { decodeCommandProtobuf, decodeEmulationProtobuf, splitProtobufFrame } from './protobuf-decoder.ts'
import { commandKinds, one, random, type Choose } from './testing/random.ts'

function field(number: number, value: string | number | Uint8Array): Uint8Array {
  const writer = new BinaryWriter()
  if (typeof value === 'number') return writer.tag(number, WireType.Varint).uint64(value).finish()
  return writer
    .tag(number, WireType.LengthDelimited)
    .bytes(typeof value === 'string' ? Buffer.from(value) : value)
    .finish()
}

function message(number: number, ...fields: readonly Uint8Array[]): Uint8Array {
  return field(number, Buffer.concat(fields))
}

function frame(...commands: readonly (readonly Uint8Array[])[]): Uint8Array {
  return Buffer.concat(
    commands.map((fields) => {
      const body = Buffer.concat(fields)
      return Buffer.concat([new BinaryWriter().uint32(body.byteLength).finish(), body])
    }),
  )
}

const leaf = message(6, field(2, 'k'), field(3, 'in'), field(5, 'a'), field(5, 'b'))
const since = message(8, field(1, 1), field(2, 'e'))
const subscription = [field(3, 1), field(7, 5), field(6, 'xyzw')]

const frames: readonly Uint8Array[] = [
  Uint8Array.of(0),
  frame([
    field(1, 1),
    message(
      4,
      field(1, 't.t.t'),
      field(2, '{"a":[1,{}]}'),
      message(3, field(1, 'a'), message(2, ...subscription)),
      message(3, field(1, 'b'), message(2)),
      field(4, 'js'),
      field(5, '5.8.0'),
      message(6, field(1, 'x'), field(2, 'y')),
      field(7, 1),
    ),
  ]),
  frame([
    field(1, 2),
    message(
      5,
      field(1, 'ns:a'),
      field(2, 't'),
      ...subscription,
      field(8, '[1, 2]'),
      field(9, 1),
      field(10, 1),
      field(11, 1),
      field(12, 'fossil'),
      message(13, field(1, 'and'), leaf, message(6, field(1, 'not'), leaf)),
      field(14, 1),
      field(15, 0),
      field(16, 2),
      field(17, 'c'),
      field(18, 10),
      field(19, 1),
    ),
  ]),
  frame([field(1, 3), message(6, field(1, 'ns:a'))], [field(1, 4), message(8, field(1, 'ns:a'))]),
  frame([field(1, 5), message(7, field(1, 'ns:a'), field(2, '{"text":"ä"}'), field(3, 0))], []),
  frame([field(1, 6), message(9, field(1, 'ns:a'))], [field(1, 7), message(11)]),
  frame([field(1, 300), message(10, field(1, 'ns:a'), field(7, 10), since, field(9, 1))]),
  frame([field(1, 9), message(12, field(1, 'x'))], [message(12, field(1, Uint8Array.of(0xff, 0)))]),
  frame([field(1, 10), message(13, field(1, '{"a":1.0}'), field(2, 'm'))], [field(1, 11), message(14, field(1, 't'))]),
  frame([field(1, 12), message(15, field(1, 'ns:a'), field(2, 't'), message(4, field(1, 's'), message(2)))]),
]

/** What stands for a length, a tag or a number in a place that had another. */
const numbers: readonly Uint8Array[] = [
  '00',
  '01',
  '7f',
  '80',
  '8000',
  'ff',
  'ff7f',
  'ffffffff07',
  'ffffffff0f',
  '8080808010',
  'ffffffffffffffffff01',
  'ffffffffffffffffff7f',
  '80808080808080808000',
  '8080808080808080808000',
  '80808080808080808080808080808001',
].map((text) => Buffer.from(text, 'hex'))

function cut(bytes: Uint8Array, from: number, to: number, between: Uint8Array = new Uint8Array()): Uint8Array {
  return Buffer.concat([bytes.subarray(0, from), between, bytes.subarray(to)])
}

function nested(number: number, levels: number): Uint8Array {
  let inner: Uint8Array = new Uint8Array()
  for (let level = 0; level < levels; level++) inner = message(number, inner)
  return inner
}
const deep = [nested(6, 200), nested(13, 50), nested(4, 100), Buffer.alloc(300, 0xa3), Buffer.alloc(300, 0x80)]

const mutations: readonly ((bytes: Uint8Array, choose: Choose) => Uint8Array)[] = [
  // One bit, one byte; one more, one less.
  (bytes, choose) => {
    const at = choose(bytes.byteLength + 1)
    return cut(bytes, at, at + 1, Uint8Array.of((bytes[at] ?? 0) ^ (1 << choose(8))))
  },
  (bytes, choose) => {
    const at = choose(bytes.byteLength + 1)
    return cut(bytes, at, at + choose(2), Uint8Array.of(choose(256)))
  },
  // A number in place of what stands there: a wrong length, another field, another type.
  (bytes, choose) => {
    const at = choose(bytes.byteLength + 1)
    return cut(bytes, at, at + choose(3), one(numbers, choose))
  },
  // Truncation at both ends, and a piece missing or twice.
  (bytes, choose) => bytes.subarray(0, choose(bytes.byteLength + 1)),
  (bytes, choose) => bytes.subarray(choose(bytes.byteLength + 1)),
  (bytes, choose) => {
    const at = choose(bytes.byteLength + 1)
    return cut(bytes, at, at + 1 + choose(8))
  },
  (bytes, choose) => {
    const at = choose(bytes.byteLength + 1)
    return cut(bytes, at, at, bytes.subarray(at, at + choose(40)))
  },
  // Splicing: the head of one frame, the tail of another, or one within the other.
  (bytes, choose) => {
    const other = one(frames, choose)
    return cut(bytes, choose(bytes.byteLength + 1), bytes.byteLength, other.subarray(choose(other.byteLength + 1)))
  },
  (bytes, choose) => {
    const at = choose(bytes.byteLength + 1)
    return cut(bytes, at, at, one(frames, choose))
  },
  // The same frame, its lengths right, with something in it that is deep, or is no field.
  (bytes, choose) => {
    const [command = bytes] = splitProtobufFrame(bytes)
    return frame([field(1, 1), command, one(deep, choose)])
  },
  (bytes, choose) => {
    const [command = bytes] = splitProtobufFrame(bytes)
    return frame([field(1, 1), message(4 + choose(12), command, one(deep, choose))])
  },
]

function mutant(choose: Choose): Uint8Array {
  let bytes = one(frames, choose)
  for (let rounds = 1 + choose(4); rounds > 0; rounds--) bytes = one(mutations, choose)(bytes, choose)
  return bytes
}

const seed = Number(process.env['SEED'])
const runs = Number(process.env['FUZZ_RUNS'] ?? 20_000)

/** Whether it could be decoded. */
function check(decode: () => void, bytes: Uint8Array, run: number): boolean {
  try {
    decode()
    return true
  } catch (error) {
    if (error instanceof MalformedCommand) return false
    throw new Error(`seed ${seed}, run ${run}: ${Buffer.from(bytes).toString('hex')}`, { cause: error })
  }
}

function decodeChecked(bytes: Uint8Array): void {
  const command = decodeCommandProtobuf(bytes)
  const isCommand = commandKinds.has(command.kind) && Number.isInteger(command.id) && command.id >= 0
  if (!isCommand) throw new Error(`decoded to ${JSON.stringify(command)}`)
  if (!('data' in command) || command.data.length === 0) return
  if (typeof command.data === 'string') JSON.parse(command.data)
  else if (command.data.byteLength > bytes.byteLength) throw new Error('more data than there were bytes')
}

test(`${runs} mutated frames: commands and MalformedCommand, and nothing else`, { timeout: 60_000 + runs }, () => {
  const choose = random(seed)
  let decoded = 0
  let refused = 0
  for (let run = 0; run < runs; run++) {
    const bytes = mutant(choose)
    const commands = splitProtobufFrame(bytes)
    if (commands.length > bytes.byteLength + 1) throw new Error('more commands than there were bytes')
    for (const command of commands) {
      if (check(() => decodeChecked(command), command, run)) decoded++
      else refused++
    }
    check(() => void decodeEmulationProtobuf(bytes), bytes, run)
  }
  // Mutations that are all refused, or none, would prove nothing.
  expect(decoded).toBeGreaterThan(runs / 20)
  expect(refused).toBeGreaterThan(runs / 20)
})
