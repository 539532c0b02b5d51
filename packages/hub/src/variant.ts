import type { ClientInfo, Publication } from '@backchannel/protocol'

/** What happens in a channel and is told to its subscribers. */
export type ChannelEvent =
  | { readonly kind: 'publication'; readonly publication: Publication }
  | { readonly kind: 'join' | 'leave'; readonly info: ClientInfo }

/**
 * One shape on the wire. All subscribers of a channel that share a variant get the very same bytes. ARCHITECTURE.md
 * lists those that are and those that will be.
 */
export interface Variant {
  /** Names the shape; subscribers are grouped by it. */
  readonly key: string
  /**
   * The events as whole messages, framed and ready to be written.
   * @throws Disconnect when this shape can't carry them: its subscribers are closed with that code.
   */
  encode(channel: string, events: readonly ChannelEvent[]): Uint8Array
}
