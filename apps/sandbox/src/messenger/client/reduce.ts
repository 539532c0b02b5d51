/**
 * What is known of my rooms, as a pure function of what was heard: events and loads in any order, any number of times.
 * Once all of them have arrived the state is that of the database; `reduce.test.ts` plays random conversations and compares.
 *
 * An event carries the room's version and a load the version it was read at, so of two facts the later one is told by the
 * facts themselves. "I am in no such room" carries no version. So every action has a time, `at`, and every load knows when
 * it was asked for: where an answer contradicts what was learnt while it was on its way, neither is believed, and the
 * question is asked again.
 */
import type { Message, MessagePage, Person, RealTimeEvent, Room } from '../model.ts'
import { without } from './maps.ts'
import { ask, cut, emptyWindow, endOf, giveUp, giveUpAll, hear, receive, type MessageWindow } from './message-window.ts'
import type { RoomState } from './types.ts'

/** A room that I am in. Its `version` is that of its facts, membership and member count. */
export interface KnownRoom extends RoomState, MessageWindow {
  /** The last time that I was said to be a member. */
  readonly confirmedAt: number
}

export interface ChatState {
  readonly me: Person
  readonly rooms: ReadonlyMap<number, KnownRoom>
  /** Rooms that I was told to have left, with the version at which I had: older news of them is none. */
  readonly left: ReadonlyMap<number, number>
  /** Rooms that I was said not to be in, with the time of it. */
  readonly absent: ReadonlyMap<number, number>
  /** When events were lost: what was asked for before does not count. */
  readonly lostAt: number
  /** Rooms to be loaded: what made me want them had this version (Infinity where it had none), and was heard then. */
  readonly wanted: ReadonlyMap<number, { readonly version: number; readonly at: number }>
}

/** `at` and `askedAt` come from one counter that never gives a number twice. */
export type Action =
  | { type: 'heard'; event: RealTimeEvent; at: number }
  /** All of my rooms. */
  | { type: 'rooms-loaded'; rooms: readonly Room[]; askedAt: number; at: number }
  | { type: 'room-loaded'; room: Room; askedAt: number; at: number }
  /** I am in no room of this id. */
  | { type: 'room-missing'; roomId: number; askedAt: number; at: number }
  /** Answered by one of the two that follow. */
  | { type: 'page-asked'; roomId: number; askedAt: number }
  | {
      type: 'page-loaded'
      roomId: number
      page: MessagePage
      askedAt: number
      /** Where the page does not touch the window: the page takes its place. */
      replace: boolean
      /** Of a window that became too long, what is around this `seq` is kept. */
      keep: number
    }
  | { type: 'page-failed'; roomId: number; askedAt: number }
  /** Events were lost. What is on its way may be from before; what is shown is to be asked for anew, all else is dropped. */
  | { type: 'lost'; shown: number | undefined; at: number }
  /** Nobody looks at this room's messages. */
  | { type: 'window-dropped'; roomId: number }
  | { type: 'read'; roomId: number; seq: number }
  /** What is too much goes. */
  | { type: 'cut'; roomId: number; keep: number }

export function initialState(me: Person): ChatState {
  return { me, rooms: new Map(), left: new Map(), absent: new Map(), wanted: new Map(), lostAt: 0 }
}

export function reduce(state: ChatState, action: Action): ChatState {
  switch (action.type) {
    case 'heard':
      return hearEvent(state, action.event, action.at)
    case 'rooms-loaded': {
      if (action.askedAt < state.lostAt) return state
      const present = new Set(action.rooms.map(({ id }) => id))
      const absent = [...state.rooms.keys(), ...state.wanted.keys()].filter((id) => !present.has(id))
      const loaded = action.rooms.reduce((before, room) => loadRoom(before, room, action), state)
      return absent.reduce((before, roomId) => missRoom(before, roomId, action), loaded)
    }
    case 'room-loaded':
      if (action.askedAt < state.lostAt) return want(state, action.room, action.at)
      return loadRoom(state, action.room, action)
    case 'room-missing':
      if (action.askedAt < state.lostAt) return want(state, { id: action.roomId, version: Infinity }, action.at)
      return missRoom(state, action.roomId, action)
    case 'page-asked':
      return update(state, action.roomId, (room) => ({ ...room, ...ask(windowOf(room), action.askedAt) }))
    case 'page-failed':
      return update(state, action.roomId, (room) => ({ ...room, ...giveUp(windowOf(room), action.askedAt) }))
    case 'lost': {
      const rooms = [...state.rooms].map(([id, room]): [number, KnownRoom] => {
        return [id, { ...room, ...(id === action.shown ? giveUpAll(windowOf(room)) : emptyWindow) }]
      })
      return { ...state, rooms: new Map(rooms), lostAt: action.at }
    }
    case 'window-dropped':
      return update(state, action.roomId, (room) => ({ ...room, ...emptyWindow }))
    case 'page-loaded':
      return update(state, action.roomId, (room) => loadPage(room, action))
    case 'read':
      return update(state, action.roomId, (room) => readUpTo(room, action.seq))
    case 'cut':
      return update(state, action.roomId, (room) => {
        const window = windowOf(room)
        const short = cut(window, action.keep)
        return short === window ? room : { ...room, ...short }
      })
  }
}

/** The end of a room that is shown is not the end of what was written. */
export function hasNewer({ messages, last_seq }: Pick<RoomState, 'messages' | 'last_seq'>): boolean {
  return messages !== undefined && endOf(messages) < last_seq
}

/** Those that I left, or was said not to be in. */
export function roomsWithoutMe({ rooms, left, absent, wanted }: ChatState): ReadonlySet<number> {
  const candidates = [...left.keys(), ...absent.keys()]
  return new Set(candidates.filter((id) => !rooms.has(id) && !wanted.has(id)))
}

function hearEvent(state: ChatState, event: RealTimeEvent, at: number): ChatState {
  switch (event.type) {
    case 'message_added':
    case 'message_changed': {
      const { room, ...message } = event.body
      const known = state.rooms.get(room.id)
      return known === undefined ? want(state, room, at) : withRoom(state, hearMessage(known, message, state.me))
    }
    case 'user_joined':
    case 'user_left': {
      const { room, user } = event.body
      const isMe = user.id === state.me.id
      if (isMe && event.type === 'user_left') return leaveRoom(state, room)
      const known = state.rooms.get(room.id)
      if (known === undefined) return want(state, room, at)
      const { id, version, member_count } = room
      const told = version > known.version ? { ...known, version, member_count } : known
      if (!isMe || version <= known.joined_version) return withRoom(state, told)
      return want(
        withRoom(state, { ...told, ...emptyWindow, joined_version: version, confirmedAt: at }),
        { id, version },
        at,
      )
    }
    case 'room_read': {
      const { user, room, read_seq: seq } = event.body
      const known = state.rooms.get(room.id)
      if (known === undefined) return want(state, { id: room.id, version: Infinity }, at)
      return withRoom(state, user.id === state.me.id ? readUpTo(known, seq) : peerRead(known, seq))
    }
    case 'typing':
      // It ends by itself, with time; there is none in here.
      return state
  }
}

function loadRoom(state: ChatState, room: Room, { askedAt, at }: { askedAt: number; at: number }): ChatState {
  // Read before I left.
  if ((state.left.get(room.id) ?? 0) > room.joined_version) return state
  if ((state.absent.get(room.id) ?? -1) > askedAt) return want(state, room, at)
  const known = state.rooms.get(room.id)
  const loaded: ChatState = {
    ...state,
    rooms: new Map(state.rooms).set(room.id, known === undefined ? newRoom(room, at) : merge(known, room, at)),
    absent: without(state.absent, room.id),
  }
  // What made me want it may have come after the room was read.
  const isCurrent = (state.wanted.get(room.id)?.at ?? -1) < askedAt
  return isCurrent ? { ...loaded, wanted: without(state.wanted, room.id) } : loaded
}

function newRoom(room: Room, at: number): KnownRoom {
  return { ...room, ...emptyWindow, confirmedAt: at }
}

/** Each fact from whichever of the two knows more. */
function merge(known: KnownRoom, room: Room, at: number): KnownRoom {
  const newer = room.version >= known.version ? room : known
  const written = room.last_seq > known.last_seq ? room : known
  return {
    ...known,
    // I have been away: what happened meanwhile was not told to me.
    ...(room.joined_version > known.joined_version ? { ...emptyWindow, joined_version: room.joined_version } : {}),
    version: newer.version,
    member_count: newer.member_count,
    bumped_at: written.bumped_at,
    last_seq: written.last_seq,
    last_message: newest(known.last_message, room.last_message),
    read_seq: Math.max(known.read_seq, room.read_seq),
    peer: room.peer && { ...room.peer, read_seq: Math.max(known.peer?.read_seq ?? 0, room.peer.read_seq) },
    confirmedAt: at,
  }
}

function missRoom(state: ChatState, roomId: number, { askedAt, at }: { askedAt: number; at: number }): ChatState {
  const known = state.rooms.get(roomId)
  if (known !== undefined && known.confirmedAt > askedAt) return want(state, known, at)
  const wanted = state.wanted.get(roomId)
  return {
    ...state,
    rooms: without(state.rooms, roomId),
    absent: new Map(state.absent).set(roomId, at),
    wanted: wanted === undefined || wanted.at > askedAt ? state.wanted : without(state.wanted, roomId),
  }
}

function leaveRoom(state: ChatState, room: { id: number; version: number }): ChatState {
  const known = state.rooms.get(room.id)
  if (known !== undefined && known.joined_version > room.version) return state
  const wanted = state.wanted.get(room.id)
  return {
    ...state,
    rooms: without(state.rooms, room.id),
    left: new Map(state.left).set(room.id, Math.max(room.version, state.left.get(room.id) ?? 0)),
    wanted: wanted === undefined || wanted.version > room.version ? state.wanted : without(state.wanted, room.id),
  }
}

function want(state: ChatState, { id, version }: { id: number; version: number }, at: number): ChatState {
  if ((state.left.get(id) ?? 0) >= version) return state
  const before = state.wanted.get(id)
  return {
    ...state,
    wanted: new Map(state.wanted).set(id, { version: Math.max(version, before?.version ?? 0), at }),
  }
}

function hearMessage(room: KnownRoom, message: Message, me: Person): KnownRoom {
  const heard = toldOf({ ...room, ...hear(windowOf(room), message) }, message)
  // Who writes has read what came before.
  return message.author?.id === me.id ? readUpTo(heard, message.seq) : heard
}

function toldOf(room: KnownRoom, message: Message): KnownRoom {
  const told = { ...room, last_message: newest(room.last_message, message) }
  return message.seq > room.last_seq ? { ...told, last_seq: message.seq, bumped_at: message.created_at } : told
}

function loadPage(room: KnownRoom, { page, keep, ...how }: Extract<Action, { type: 'page-loaded' }>): KnownRoom {
  const received = receive(windowOf(room), page, how)
  const last = page.messages.at(-1)
  const told = last === undefined ? room : toldOf(room, last)
  return { ...told, ...cut(received, keep) }
}

function readUpTo(room: KnownRoom, seq: number): KnownRoom {
  return seq <= room.read_seq ? room : { ...room, read_seq: seq }
}

function peerRead(room: KnownRoom, seq: number): KnownRoom {
  if (room.peer === null || seq <= room.peer.read_seq) return room
  return { ...room, peer: { ...room.peer, read_seq: seq } }
}

function newest(one: Message | null, other: Message | null): Message | null {
  if (one === null || other === null) return one ?? other
  if (one.seq !== other.seq) return one.seq > other.seq ? one : other
  return one.version >= other.version ? one : other
}

function windowOf({ messages, asOf, heard, asked }: KnownRoom): MessageWindow {
  return { messages, asOf, heard, asked }
}

function update(state: ChatState, roomId: number, change: (room: KnownRoom) => KnownRoom): ChatState {
  const room = state.rooms.get(roomId)
  return room === undefined ? state : withRoom(state, change(room))
}

function withRoom(state: ChatState, room: KnownRoom): ChatState {
  return state.rooms.get(room.id) === room ? state : { ...state, rooms: new Map(state.rooms).set(room.id, room) }
}
