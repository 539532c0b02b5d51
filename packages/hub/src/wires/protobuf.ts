/** Centrifugo's Protobuf protocol over any framing: every message stands behind its length. */
import {
  decodeCommandProtobuf,
  encodePublicationsProtobuf,
  encodePushProtobuf,
  encodeReplyProtobuf,
  protobufPing,
  splitProtobufFrame,
} from '@backchannel/protocol'
import type { Variant } from '../fanout/variant.ts'
import type { Frame, Wire } from './wire.ts'

/**
 * @param frame what stands around messages
 * @param name of the framing: part of the variants' keys
 * @param frameOwn the same around what one connection alone is sent
 */
export function protobufWire(
  frame: (messages: Uint8Array) => Uint8Array,
  name: string,
  frameOwn: (messages: Uint8Array) => Uint8Array = frame,
): Wire {
  const variant = (key: string): Required<Variant> => ({
    key,
    encode: (channel, publications) => frame(encodePublicationsProtobuf(channel, publications)),
    encodeMembership: (channel, event, info) =>
      frame(encodePushProtobuf(event === 'join' ? { channel, join: { info } } : { channel, leave: { info } })),
  })
  return {
    ...variant(`protobuf/${name}`),
    // The same but for what it is given: a patch is bytes like any other data.
    delta: variant(`protobuf+delta/${name}`),
    split: (bytes) => splitProtobufFrame(bytesOf(bytes)),
    decode: (command) => decodeCommandProtobuf(bytesOf(command)),
    reply: (reply) => frameOwn(encodeReplyProtobuf(reply)),
    push: (push) => frameOwn(encodePushProtobuf(push)),
    ping: frame(protobufPing),
    isPong: (command) => command.length === 0,
  }
}

function bytesOf(frame: Frame): Uint8Array {
  return typeof frame === 'string' ? Buffer.from(frame) : frame
}
