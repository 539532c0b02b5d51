/** Both codecs against each other, and the Protobuf one against the codec of the protocol's official client. */
import { isDeepStrictEqual } from 'node:util'
import { Centrifuge } from 'centrifuge/build/protobuf'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeCommand, decodeEmulation } from './json-decoder.ts'
import { encodePush, encodeReply } from './json-encoder.ts'
import { decodeCommandProtobuf, decodeEmulationProtobuf, splitProtobufFrame } from './protobuf-decoder.ts'
import { encodePublicationsProtobuf, encodePushProtobuf, encodeReplyProtobuf } from './protobuf-encoder.ts'
import { anyCommand, anyPublication, anyPush, anyReply, type WireCommand } from './testing/any-message.ts'

interface ClientCodec {
  encodeCommands(commands: readonly object[]): Uint8Array
  encodeReplies(replies: readonly object[]): Uint8Array
  decodeReplies(bytes: Uint8Array): object[]
  encodeEmulationRequest(request: { session: string; node: string; data: Uint8Array }): Uint8Array
}

// A client keeps its codec to itself; there is no other way to it.
const { _codec: client } = new Centrifuge('ws://127.0.0.1') as unknown as { _codec: ClientCodec }

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 1000)
const timeout = 60_000 + numRuns

const utf8 = new TextEncoder()

/** What the client's program hands to the Protobuf codec: data is bytes. */
function withBytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBytes)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === 'data' ? utf8.encode(JSON.stringify(member)) : withBytes(member),
    ]),
  )
}

test('commands of the client say the same in both codecs', { timeout }, () => {
  const kinds = new Set<string>()
  fc.assert(
    fc.property(fc.array(anyCommand, { minLength: 1, maxLength: 3 }), (commands: WireCommand[]) => {
      const frame = client.encodeCommands(commands.map((command) => withBytes(command) as object))
      const decoded = splitProtobufFrame(frame).map(decodeCommandProtobuf)
      const expected = commands.map((command) => decodeCommand(JSON.stringify(command)))
      for (const { kind } of decoded) kinds.add(kind)
      expect(isDeepStrictEqual(decoded, expected), JSON.stringify({ decoded, expected })).toBe(true)
    }),
    { numRuns },
  )
  // A property of pongs alone would prove nothing.
  expect(kinds.size).toBeGreaterThan(10)
})

const payloads = new Set(['data', 'conn_info', 'chan_info'])
const maps = new Set(['subs', 'tags', 'presence'])

/** A reply as either codec gives it, in one form: data parsed, numbers plain, zeros gone. */
function plain(value: unknown, key = ''): unknown {
  if (value instanceof Uint8Array) return JSON.parse(new TextDecoder().decode(value)) as unknown
  if (payloads.has(key)) return value
  if (isLong(value)) return value.toNumber()
  if (Array.isArray(value)) return value.map((element) => plain(element))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([name, member]) => [name, plain(member, name)] as const)
  return Object.fromEntries(members.filter(([name, member]) => !isZero(name, member)))
}

function isLong(value: unknown): value is { toNumber(): number } {
  return typeof value === 'object' && value !== null && 'toNumber' in value
}

/** A message stays when it is empty: that it is there says something. */
function isZero(name: string, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === '' || value === 0 || value === false
  return (Array.isArray(value) || maps.has(name)) && Object.keys(value).length === 0
}

/** Names of members that the client leaves out, or that objects hold in another order than they came in. */
const oddName = /"(?:__proto__|prototype|constructor|\d+)":/

function expectSame(bytes: Uint8Array, line: string): void {
  fc.pre(!oddName.test(line))
  const decoded = client.decodeReplies(bytes)
  const seen = decoded.map((reply) => plain(reply))
  // The matchers of expect trip over a member named `constructor`.
  expect(isDeepStrictEqual(seen, [plain(JSON.parse(line))]), line).toBe(true)
  // Fields in the same order, lengths of the shortest form: the client would write these bytes itself.
  expect(Buffer.from(client.encodeReplies(decoded)).equals(bytes), line).toBe(true)
}

test('the client reads replies in Protobuf as those in JSON', { timeout }, () => {
  fc.assert(
    fc.property(anyReply, (reply) => expectSame(encodeReplyProtobuf(reply), encodeReply(reply))),
    { numRuns },
  )
})

test('the client reads pushes in Protobuf as those in JSON', { timeout }, () => {
  fc.assert(
    fc.property(anyPush, (push) => expectSame(encodePushProtobuf(push), encodePush(push))),
    { numRuns },
  )
})

test('publications in one go are the pushes of each', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(anyPublication, { maxLength: 5 }), (channel, list) => {
      const pushes = list.map((pub) => encodePushProtobuf({ channel, pub }))
      expect(Buffer.concat(pushes).equals(encodePublicationsProtobuf(channel, list))).toBe(true)
    }),
  )
})

test('an emulation request of the client says the same in both codecs', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.string({ unit: 'binary' }), (session, node, frame) => {
      const bytes = client.encodeEmulationRequest({ session, node, data: utf8.encode(frame) })
      const expected = { node, session, data: utf8.encode(frame) }
      const { data, ...rest } = decodeEmulationProtobuf(bytes)
      expect({ ...rest, data: Uint8Array.from(data) }).toEqual(expected)
      expect(decodeEmulation(JSON.stringify({ session, node, data: frame }))).toEqual(expected)
    }),
  )
})
