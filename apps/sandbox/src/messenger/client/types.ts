/** What the pages see of the messenger: an immutable state, and the calls that change it. */
import type { FoundMessage, FoundRoom, Member, Message, Person, Room } from '../model.ts'

/** A message of mine that the server has not confirmed. */
export interface Outgoing {
  clientId: string
  roomId: number
  content: string
  createdAt: string
  /** `waiting`: behind another one, or for the network. `failed`: refused; it stays until it is retried or discarded. */
  status: 'waiting' | 'sending' | 'failed'
  /** Why it failed, for people. */
  failure: string | null
}

/** What is known of a room: facts as the server told them last, and a window of its messages. */
export interface RoomState extends Room {
  /** Consecutive by `seq`, oldest first; undefined until first loaded. */
  readonly messages: readonly Message[] | undefined
}

/**
 * - `connecting`: for the first time, or again
 * - `live`: the personal channel is subscribed
 * - `polling`: realtime is off, the server is asked now and then
 * - `refused`: the server takes this subscription no more; reloading may help
 */
export type ConnectionState = 'connecting' | 'live' | 'polling' | 'refused'

export interface MessengerState {
  readonly me: Person
  readonly connection: ConnectionState
  /** False until the rooms were loaded for the first time. */
  readonly ready: boolean
  /** Why the first load failed, for people; `reload` tries again. */
  readonly failure: string | null
  readonly rooms: ReadonlyMap<number, RoomState>
  /** All of mine that are not confirmed, oldest first. */
  readonly outgoing: readonly Outgoing[]
  /** Who types where, by room; ends by itself. */
  readonly typing: ReadonlyMap<number, readonly Person[]>
  /** Rooms that I was found not to be in, by id. */
  readonly notMember: ReadonlySet<number>
  /** Rooms whose older, newer or first messages are being loaded. */
  readonly loading: ReadonlyMap<number, 'first' | 'older' | 'newer'>
  /** Rooms whose messages could not be loaded, with the reason for people. */
  readonly loadFailures: ReadonlyMap<number, string>
}

/** Every promise rejects with an ApiError, whose message is for people, and with nothing else. */
export interface Messenger {
  getState(): MessengerState
  /** @returns ends the subscription */
  subscribe(listener: () => void): () => void

  /** Loads a room's window if there is none: around the first unread message, or the newest. */
  open(roomId: number): void
  loadOlder(roomId: number): void
  loadNewer(roomId: number): void
  /** Replaces the window by one around this message; resolves when it is there. */
  jumpTo(roomId: number, seq: number): Promise<void>
  jumpToEnd(roomId: number): Promise<void>
  /** The page shows the room's end: the window follows new messages and is cut at its old end. */
  setFollowing(roomId: number, following: boolean): void
  /** What is in sight ends here: it stays, whatever else comes or is cut. */
  setPlace(roomId: number, seq: number): void
  /** What was shown up to here; told to the server now and then. */
  markRead(roomId: number, seq: number): void
  /** Somebody is typing here; told at most every 3 seconds. */
  sayTyping(roomId: number): void

  /** Shown at once, sent in order, kept over reloads and outages until the server has it. */
  send(roomId: number, content: string): void
  retry(clientId: string): void
  discard(clientId: string): void
  edit(roomId: number, messageId: number, content: string): Promise<void>
  remove(roomId: number, messageId: number): Promise<void>

  createRoom(input: { name: string; kind: 'public' | 'private' }): Promise<number>
  openDirect(userId: string): Promise<number>
  join(roomId: number): Promise<void>
  leave(roomId: number): Promise<void>
  invite(roomId: number, userId: string): Promise<void>
  members(roomId: number, after?: string): Promise<{ members: Member[]; next: string | null }>
  searchRooms(query: string): Promise<FoundRoom[]>
  searchMessages(query: string, roomId?: number): Promise<FoundMessage[]>
  searchPeople(query: string): Promise<Person[]>

  /** Asks the server for everything that is shown, anew. */
  reload(): void
  /** Ends the connection and every timer. */
  close(): void
}
