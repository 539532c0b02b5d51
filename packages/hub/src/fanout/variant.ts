import type { ClientInfo, Publication } from '@backchannel/protocol'

/**
 * One shape on the wire. All subscribers of a channel that share a variant get the very same bytes. ARCHITECTURE.md
 * lists those that are and those that will be.
 */
export interface Variant {
  /** Names the shape; subscribers are grouped by it. */
  readonly key: string
  /**
   * The publications as whole messages, framed and ready to be written.
   * @throws Disconnect when this shape can't carry them: its subscribers are closed with that code.
   */
  encode(channel: string, publications: readonly Publication[]): Uint8Array
  /**
   * Somebody came or went, as one whole message; shapes that don't tell of it leave it out.
   * @throws Disconnect when this shape can't carry it
   */
  encodeMembership?(channel: string, event: 'join' | 'leave', info: ClientInfo): Uint8Array
}
