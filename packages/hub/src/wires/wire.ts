import type { Command, Push, Reply } from '@backchannel/protocol'
import type { Variant } from '../fanout/variant.ts'

/** What a peer sent in one piece, or one command of it: text in JSON, bytes in Protobuf. */
export type Frame = string | Uint8Array

/** A variant that a session can also be spoken to with: Centrifugo's protocol in one codec and one framing. */
export interface Wire extends Variant {
  /** The same codec and framing for subscriptions that get differences in place of whole publications. */
  readonly delta: Variant
  /** A frame's commands, not yet decoded, in order. What can't be split comes as one that can't be decoded. */
  split(frame: Frame): readonly Frame[]
  /** @throws MalformedCommand */
  decode(command: Frame): Command
  /** @throws Disconnect when this wire can't carry it */
  reply(reply: Reply): Uint8Array
  /** @throws Disconnect when this wire can't carry it */
  push(push: Push): Uint8Array
  readonly ping: Uint8Array
  /** Whether this is a client's answer to a ping as clients write it, told without decoding. */
  isPong(command: Frame): boolean
}
