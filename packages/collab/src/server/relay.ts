/** How the instances of an app share rooms: what one says of a room, the others hear. */

export interface RoomNews {
  /** A part of the document that is durable by now. */
  update(update: Uint8Array): void
  awareness(update: Uint8Array): void
  /** Another instance has just come, or has been away: it has the document so far, and wants what it lacks. */
  ask(stateVector: Uint8Array): void
  /** It was asked by this one, and what this one has said may have been lost to it, too. */
  askBack(stateVector: Uint8Array): void
  /** This instance has been away: what was said meanwhile is lost to it, and what it said itself to the others. */
  back(): void
}

export interface RoomLine {
  update(update: Uint8Array): void
  awareness(update: Uint8Array): void
  ask(stateVector: Uint8Array): void
  askBack(stateVector: Uint8Array): void
  leave(): void
}

/** What an app's call on one instance means for the others. May be lost while they can't be reached. */
export type Order =
  | { readonly order: 'disconnect'; readonly room: string | null }
  | { readonly order: 'delete'; readonly room: string }

export interface Relay {
  /** Called with the orders of other instances. */
  onOrder: (order: Order) => void
  order(order: Order): void
  /** Listens to a room from now on. Never fails: without a connection nothing is heard, until `back` is called. */
  join(room: string, news: RoomNews): RoomLine
  close(): Promise<void>
}

/** An app of one instance: there is nobody to talk to. */
export const noRelay: Relay = {
  onOrder: () => {},
  order: () => {},
  join: () => ({ update: () => {}, awareness: () => {}, ask: () => {}, askBack: () => {}, leave: () => {} }),
  close: async () => {},
}
