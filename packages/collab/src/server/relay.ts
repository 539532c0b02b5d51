/** How the instances of an app share rooms: what one says of a room, the others hear. */

export interface RoomNews {
  /** A part of the document that is durable by now. */
  update(update: Uint8Array): void
  awareness(update: Uint8Array): void
  /** Another instance has just come, or has been away: it has the document so far, and knows of nobody. */
  ask(stateVector: Uint8Array): void
  /** This instance has been away: what was said meanwhile is lost to it. */
  back(): void
}

export interface RoomLine {
  update(update: Uint8Array): void
  awareness(update: Uint8Array): void
  ask(stateVector: Uint8Array): void
  leave(): void
}

export interface Relay {
  /** Listens to a room from now on. Never fails: without a connection nothing is heard, until `back` is called. */
  join(room: string, news: RoomNews): RoomLine
  close(): Promise<void>
}

/** An app of one instance: there is nobody to talk to. */
export const noRelay: Relay = {
  join: () => ({ update: () => {}, awareness: () => {}, ask: () => {}, leave: () => {} }),
  close: async () => {},
}
