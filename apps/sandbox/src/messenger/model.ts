/**
 * What the messenger's server and browser say to each other: the answers of `/api/rooms` and the events that arrive on
 * `personal:<userId>`. Both sides import it, neither adds to it.
 *
 * Three numbers make every event harmless to hear twice, late or out of order:
 * - `room.version` grows by one with each change of a room; facts of a room (membership, member count) are taken from the
 *   highest version that was heard
 * - `message.seq` counts a room's messages from 1, without a gap: a gap in what was heard is seen, and loaded
 * - `message.version` is the room's version at the message's last change: a late copy of a message changes nothing
 */

export type RoomKind = 'public' | 'private' | 'direct'

export interface Person {
  id: string
  name: string
}

export interface Message {
  id: number
  room_id: number
  /** The message's place in its room, from 1. */
  seq: number
  /** The room's version at its last change. */
  version: number
  /** Null: said by the room itself, or by an account that is gone. */
  author: Person | null
  /** Markdown. Empty once deleted. */
  content: string
  /** Chosen by whoever sent it; the same one twice is the same message. Null for what the room says itself. */
  client_id: string | null
  created_at: string
  edited_at: string | null
  deleted_at: string | null
}

/** A room as one of its members sees it. */
export interface Room {
  id: number
  kind: RoomKind
  /** Of a direct room: the other person's name. */
  name: string
  version: number
  member_count: number
  /** Messages ever written here: the `seq` of the last one. */
  last_seq: number
  last_message: Message | null
  /** Up to where I have read. Unread are `last_seq - read_seq`; who writes has read what came before. */
  read_seq: number
  /** Of a direct room: the other person, and up to where they have read. */
  peer: (Person & { read_seq: number }) | null
  /** The version that my joining made. Who left and came back has another one, and was not told what happened between. */
  joined_version: number
  created_at: string
  /** When the last message was written, or the room was made. */
  bumped_at: string
}

/** A room as `search` finds it; messages are for members. */
export interface FoundRoom {
  id: number
  name: string
  version: number
  member_count: number
  created_at: string
  is_member: boolean
}

export interface Member extends Person {
  joined_at: string
  /** Null: this server can't tell. */
  online: boolean | null
}

/** Consecutive messages, oldest first. */
export interface MessagePage {
  messages: Message[]
  /** The room's, when the page was read: both in one snapshot. */
  version: number
}

/** A message that `search` found, with the room that it is in. */
export interface FoundMessage extends Message {
  room_name: string
}

interface RoomVersion {
  id: number
  version: number
}

/** Events of three kinds are asked of every messenger, the others are this one's. */
export type RealTimeEvent =
  | { type: 'message_added'; body: Message & { room: RoomVersion } }
  | { type: 'user_joined'; body: { user: Person; room: RoomVersion & { member_count: number } } }
  | { type: 'user_left'; body: { user: Person; room: RoomVersion & { member_count: number } } }
  /** Edited or deleted: the message as it is now. */
  | { type: 'message_changed'; body: Message & { room: RoomVersion } }
  /** Somebody has read: I, in another tab, or the other person of a direct room. */
  | { type: 'room_read'; body: { user: { id: string }; room: { id: number }; read_seq: number } }
  /** Not kept: who was away does not hear it afterwards. */
  | { type: 'typing'; body: { user: Person; room: { id: number } } }

/** Of a request: for whom its page was made. With somebody else's session it is answered 401, and nothing is done. */
export const userHeader = 'x-messenger-user'

/** What is refused, server and browser alike. */
export const limits = {
  messageLength: 4000,
  roomNameLength: 100,
  /** Messages of one page. */
  page: 100,
  /** Rooms that one person is in; all of them come in one answer. */
  roomsPerPerson: 500,
  /** Members up to which a room hears who types. */
  typingRoom: 100,
  /** Characters of what is searched for. */
  query: 100,
} as const
