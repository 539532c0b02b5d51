/** Centrifugo's JSON protocol over any framing: the texts of the messages, joined, and what stands around them. */
import {
  decodeCommand,
  decodeConnectRequest,
  disconnect,
  encodeBarePush,
  encodePublication,
  encodePush,
  encodeReply,
  jsonPing,
  splitFrame,
  type Publication,
  type Push,
  type Reply,
} from '@backchannel/protocol'
import type { Variant } from '../fanout/variant.ts'
import type { Frame, Wire } from './wire.ts'

export interface JsonFraming {
  /** Stand before the first message of a frame, between two, and behind the last. */
  readonly start: string
  readonly separator: string
  readonly end: string
  /** Messages of one frame at most. */
  readonly maxMessages: number
  frame(text: string): Uint8Array
  /** The same for what one connection alone is sent. @default frame */
  frameOwn?(text: string): Uint8Array
}

interface Envelope {
  /** What stands around a channel's publication. */
  before(channel: string): string
  readonly after: string
  push(push: Push): string
}

/** As bidirectional connections get it: what is not asked for comes as a reply without an id. */
const wrapped: Envelope = {
  before: (channel) => `{"push":{"channel":${JSON.stringify(channel)},"pub":`,
  after: '}}',
  push: encodePush,
}

/** As unidirectional connections get it. */
const bare: Envelope = {
  before: (channel) => `{"channel":${JSON.stringify(channel)},"pub":`,
  after: '}',
  push: encodeBarePush,
}

/** @param framing its name is part of the variants' keys */
export function jsonWire(framing: JsonFraming, name: string): Wire {
  return {
    ...variant(framing, wrapped, `json/${name}`, false),
    delta: variant(framing, wrapped, `json+delta/${name}`, true),
    split: (frame) => splitFrame(textOf(frame)),
    decode: (command) => decodeCommand(textOf(command)),
    reply: (reply) => own(framing, encodeReply(reply)),
    push: (push) => own(framing, encodePush(push)),
    ping: one(framing, jsonPing),
    isPong: (command) => command === jsonPing,
  }
}

/** For unidirectional connections: the one frame that they send is a connect request. */
export function uniJsonWire(framing: JsonFraming, name: string): Wire {
  return {
    ...variant(framing, bare, `uni-json/${name}`, false),
    delta: variant(framing, bare, `uni-json+delta/${name}`, true),
    split: (frame) => [frame],
    decode: (request) => ({ kind: 'connect', id: 1, connect: decodeConnectRequest(textOf(request)) }),
    reply: (reply) => own(framing, encodeBarePush(connectPush(reply))),
    push: (push) => own(framing, encodeBarePush(push)),
    ping: one(framing, jsonPing),
    isPong: () => false,
  }
}

function connectPush(reply: Reply): Push {
  // Errors are told by a disconnect, and connect is the only command there is.
  if (!('connect' in reply)) throw disconnect('serverError')
  return { connect: reply.connect }
}

function variant(framing: JsonFraming, envelope: Envelope, key: string, asString: boolean): Required<Variant> {
  const { maxMessages } = framing
  const encode = (channel: string, publications: readonly Publication[]): Uint8Array => {
    if (publications.length <= maxMessages) {
      return framing.frame(pushes(framing, envelope, channel, publications, asString))
    }
    const frames: Uint8Array[] = []
    for (let index = 0; index < publications.length; index += maxMessages) {
      const some = publications.slice(index, index + maxMessages)
      frames.push(framing.frame(pushes(framing, envelope, channel, some, asString)))
    }
    return Buffer.concat(frames)
  }
  return {
    key,
    encode,
    encodeMembership: (channel, event, info) =>
      one(framing, envelope.push(event === 'join' ? { channel, join: { info } } : { channel, leave: { info } })),
  }
}

function pushes(
  { start, separator, end }: JsonFraming,
  envelope: Envelope,
  channel: string,
  publications: readonly Publication[],
  asString: boolean,
): string {
  const before = envelope.before(channel)
  let text = start
  let isFirst = true
  for (const publication of publications) {
    if (isFirst) isFirst = false
    else text += separator
    text += before + encodePublication(publication, asString) + envelope.after
  }
  return text + end
}

function one(framing: JsonFraming, text: string): Uint8Array {
  return framing.frame(framing.start + text + framing.end)
}

function own(framing: JsonFraming, text: string): Uint8Array {
  const whole = framing.start + text + framing.end
  return framing.frameOwn ? framing.frameOwn(whole) : framing.frame(whole)
}

function textOf(frame: Frame): string {
  return typeof frame === 'string' ? frame : Buffer.from(frame).toString('utf8')
}
