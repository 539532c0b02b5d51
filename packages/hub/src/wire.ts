import type { Command, Push, Reply } from '@backchannel/protocol'
import type { Variant } from './variant.ts'

/** A variant that a session can also be spoken to with: Centrifugo's protocol in one codec and one framing. */
export interface Wire extends Variant {
  /** A frame's commands, still as text, in order. */
  split(frame: string): readonly string[]
  /** @throws MalformedCommand */
  decode(text: string): Command
  /** @throws Disconnect when this wire can't carry it */
  reply(reply: Reply): Uint8Array
  /** @throws Disconnect when this wire can't carry it */
  push(push: Push): Uint8Array
  readonly ping: Uint8Array
  /** Whether this is a client's answer to a ping as clients write it, told without decoding. */
  isPong(text: string): boolean
}
