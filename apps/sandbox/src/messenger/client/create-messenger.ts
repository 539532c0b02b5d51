/**
 * The messenger of one page: it joins the channel that brings events, the API that answers loads, the reducer that makes a
 * state of both, and what is still to be told to the server.
 *
 * Position first, then data: rooms are loaded once the channel is subscribed, so whatever is written after the load was
 * read arrives as an event. Where events were lost everything that is shown is asked for anew, in place: nothing that is on
 * the screen goes away, neither the scroll position nor a draft.
 */
import { limits, type FoundMessage, type FoundRoom, type Member, type Message } from '../model.ts'
import type { Person, RealTimeEvent, Room } from '../model.ts'
import { ApiError, createApi, reasonOf, type Api } from './api.ts'
import { endOf } from './message-window.ts'
import { PageLoader, type Place } from './page-loader.ts'
import { pauseAfter } from './pauses.ts'
import { openPersonalChannel, type OpenPersonalChannel } from './personal-channel.ts'
import { Reader } from './reader.ts'
import { hasNewer, initialState, reduce, roomsWithoutMe, type Action, type ChatState } from './reduce.ts'
import { browserStorage, Sender, type SenderOptions } from './sender.ts'
import type { ConnectionState, Messenger, MessengerState } from './types.ts'
import { Typists } from './typists.ts'

export interface MessengerOptions {
  me: Person
  /** The session is over. @default leads to the sign-in page */
  onUnauthorized?: () => void
  /** @default the browser's */
  fetch?: typeof globalThis.fetch
  /** Where unsent messages are kept. @default localStorage, where it may be used */
  storage?: SenderOptions['storage']
  /** @default over @backchannel/realtime/client */
  openChannel?: OpenPersonalChannel
}

/** How long the first load waits for the channel. */
const firstLoadAfterMs = 1000
/** Without events the server is asked this often. */
const pollMs = 5000
/** More than this behind, the end is loaded in place of what is between. */
const farBehind = 300
const firstPage = 50
/** Rooms whose messages are kept, for whoever goes back and forth. */
const keptWindows = 8
const typingEveryMs = 3000

export function createMessenger(options: MessengerOptions): Messenger {
  return new LiveMessenger(options)
}

class LiveMessenger implements Messenger {
  readonly #me: Person
  readonly #api: Api
  readonly #sender: Sender
  readonly #reader: Reader
  readonly #pages: PageLoader
  readonly #typists = new Typists(() => this.#changed())
  readonly #listeners = new Set<() => void>()
  readonly #channel: { close(): void }
  readonly #firstLoad: ReturnType<typeof setTimeout>
  readonly #onOnline = () => this.#sender.flush()
  readonly #onPageHide = () => this.#reader.flush()
  readonly #saidTyping = new Map<number, number>()
  /** Rooms that are being asked for one by one. */
  readonly #fetching = new Set<number>()

  #chat: ChatState
  /** Times of what was heard and asked for: a counter, so that none is given twice. */
  #now = 1
  #connection: ConnectionState = 'connecting'
  #ready = false
  #failure: string | null = null
  #state: MessengerState | undefined

  #openRoom: number | undefined
  /** The latest first. */
  #opened: number[] = []
  #following: number | undefined
  /** The last message that is in sight. */
  #place: { roomId: number; seq: number } | undefined
  #roomsUnderWay = false
  #roomsWanted = false
  #refetching = 0
  #resyncWanted = false
  #failures = 0
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #pollTimer: ReturnType<typeof setInterval> | undefined
  #closed = false

  constructor({
    me,
    onUnauthorized = signIn,
    fetch,
    storage = browserStorage(),
    openChannel = openPersonalChannel,
  }: MessengerOptions) {
    this.#me = me
    this.#chat = initialState(me)
    const unauthorized = () => {
      if (!this.#closed) onUnauthorized()
    }
    this.#api = createApi({ userId: me.id, fetch, onUnauthorized: unauthorized })
    this.#reader = new Reader(this.#api)
    this.#pages = new PageLoader({
      api: this.#api,
      now: () => this.#now++,
      roomOf: (roomId) => this.#chat.rooms.get(roomId),
      dispatch: (action) => this.#dispatch(action),
      onChange: () => this.#changed(),
      onMissing: (roomId) => void this.#fetchRoom(roomId).catch(() => {}),
      onJump: (roomId) => {
        // Who has jumped away from the end does not follow it, whatever the page said while this was on its way.
        if (this.#following === roomId) this.#following = undefined
      },
    })
    this.#sender = new Sender({
      api: this.#api,
      userId: me.id,
      storage,
      onChange: () => this.#changed(),
      onSent: (message) => this.#hear(eventOf('message_added', message)),
    })
    this.#channel = openChannel({
      userId: me.id,
      onEvent: (event) => this.#hear(event),
      onLive: (complete) => this.#goLive(complete),
      onAway: (why) => this.#goAway(why),
      onUnauthorized: unauthorized,
    })
    this.#firstLoad = setTimeout(() => this.#loadRooms(), firstLoadAfterMs)
    globalThis.addEventListener?.('online', this.#onOnline)
    globalThis.addEventListener?.('pagehide', this.#onPageHide)
    this.#sender.flush()
  }

  getState(): MessengerState {
    this.#state ??= {
      me: this.#me,
      connection: this.#connection,
      ready: this.#ready,
      failure: this.#failure,
      rooms: this.#chat.rooms,
      outgoing: this.#sender.list,
      typing: this.#typists.rooms,
      notMember: roomsWithoutMe(this.#chat),
      loading: this.#pages.loading,
      loadFailures: this.#pages.failures,
    }
    return this.#state
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  open(roomId: number): void {
    // Its page may have said so already.
    if (this.#following !== roomId) this.#following = undefined
    this.#openRoom = roomId
    this.#opened = [roomId, ...this.#opened.filter((id) => id !== roomId)]
    for (const id of this.#opened.splice(keptWindows)) this.#dispatch({ type: 'window-dropped', roomId: id })
    this.#pages.forgive(roomId)
    this.#pursue()
  }

  loadOlder(roomId: number): void {
    const first = this.#chat.rooms.get(roomId)?.messages?.[0]?.seq ?? 1
    if (first === 1 || this.#pages.loading.has(roomId)) return
    void this.#pages.load(roomId, { before: first, limit: firstPage }, { label: 'older', keep: 0 })
  }

  loadNewer(roomId: number): void {
    const room = this.#chat.rooms.get(roomId)
    if (room === undefined || !hasNewer(room) || this.#pages.loading.has(roomId)) return
    const place = { after: endOf(room.messages ?? []), limit: limits.page }
    void this.#pages.load(roomId, place, { label: 'newer', keep: Infinity })
  }

  async jumpTo(roomId: number, seq: number): Promise<void> {
    const messages = this.#chat.rooms.get(roomId)?.messages
    if (messages?.some((message) => message.seq === seq) === true) return
    await this.#jump(roomId, { around: seq, limit: limits.page }, seq)
  }

  async jumpToEnd(roomId: number): Promise<void> {
    const room = this.#chat.rooms.get(roomId)
    if (room?.messages !== undefined && !hasNewer(room)) return
    await this.#jump(roomId, { limit: firstPage }, Infinity)
  }

  setFollowing(roomId: number, following: boolean): void {
    if (following) this.#following = roomId
    else if (this.#following === roomId) this.#following = undefined
    this.#pursue()
  }

  setPlace(roomId: number, seq: number): void {
    this.#place = { roomId, seq }
  }

  markRead(roomId: number, seq: number): void {
    const room = this.#chat.rooms.get(roomId)
    if (room === undefined || seq <= room.read_seq) return
    this.#dispatch({ type: 'read', roomId, seq })
    this.#reader.read(roomId, seq)
  }

  sayTyping(roomId: number): void {
    const room = this.#chat.rooms.get(roomId)
    if (room === undefined || room.member_count > limits.typingRoom || this.#connection !== 'live') return
    const time = performance.now()
    if (time - (this.#saidTyping.get(roomId) ?? -Infinity) < typingEveryMs) return
    this.#saidTyping.set(roomId, time)
    // Nobody misses it.
    this.#api.send('POST', `/api/rooms/${roomId}/typing`).catch(() => {})
  }

  send(roomId: number, content: string): void {
    this.#sender.send(roomId, content)
  }

  retry(clientId: string): void {
    this.#sender.retry(clientId)
  }

  discard(clientId: string): void {
    this.#sender.discard(clientId)
  }

  async edit(roomId: number, messageId: number, content: string): Promise<void> {
    const path = `/api/rooms/${roomId}/messages/${messageId}`
    this.#hear(eventOf('message_changed', await this.#api.send<Message>('PATCH', path, { content })))
  }

  async remove(roomId: number, messageId: number): Promise<void> {
    const path = `/api/rooms/${roomId}/messages/${messageId}`
    this.#hear(eventOf('message_changed', await this.#api.send<Message>('DELETE', path)))
  }

  async createRoom(input: { name: string; kind: 'public' | 'private' }): Promise<number> {
    return this.#enter((api) => api.send<Room>('POST', '/api/rooms', input))
  }

  async openDirect(userId: string): Promise<number> {
    return this.#enter((api) => api.send<Room>('POST', '/api/direct', { user_id: userId }))
  }

  async join(roomId: number): Promise<void> {
    try {
      await this.#enter(async (api) => (await api.send<{ room: Room }>('POST', `/api/rooms/${roomId}/join`)).room)
    } catch (error) {
      // Joined already: in another tab, or by a click whose answer was lost.
      if (!(error instanceof ApiError) || error.status !== 409) throw error
      await this.#fetchRoom(roomId)
    }
  }

  async leave(roomId: number): Promise<void> {
    await this.#api.send('POST', `/api/rooms/${roomId}/leave`)
    // The event says so too; without realtime nobody else does.
    await this.#fetchRoom(roomId)
  }

  async invite(roomId: number, userId: string): Promise<void> {
    await this.#api.send('POST', `/api/rooms/${roomId}/members`, { user_id: userId })
    if (this.#connection !== 'live') await this.#fetchRoom(roomId)
  }

  members(roomId: number, after?: string): Promise<{ members: Member[]; next: string | null }> {
    return this.#api.get(`/api/rooms/${roomId}/members`, { after })
  }

  async searchRooms(query: string): Promise<FoundRoom[]> {
    return (await this.#api.get<{ rooms: FoundRoom[] }>('/api/rooms/search', { q: query })).rooms
  }

  async searchMessages(query: string, roomId?: number): Promise<FoundMessage[]> {
    const found = await this.#api.get<{ messages: FoundMessage[] }>('/api/messages/search', { q: query, room: roomId })
    return found.messages
  }

  async searchPeople(query: string): Promise<Person[]> {
    return (await this.#api.get<{ people: Person[] }>('/api/people', { q: query })).people
  }

  reload(): void {
    this.#failures = 0
    this.#resync()
    this.#sender.flush()
  }

  close(): void {
    this.#closed = true
    globalThis.removeEventListener?.('online', this.#onOnline)
    globalThis.removeEventListener?.('pagehide', this.#onPageHide)
    clearTimeout(this.#firstLoad)
    clearTimeout(this.#retryTimer)
    clearInterval(this.#pollTimer)
    this.#channel.close()
    this.#sender.close()
    this.#reader.close()
    this.#typists.close()
    this.#listeners.clear()
  }

  #goLive(complete: boolean): void {
    if (this.#closed) return
    clearInterval(this.#pollTimer)
    this.#pollTimer = undefined
    this.#connection = 'live'
    this.#changed()
    if (!complete || !this.#ready) this.#resync()
    this.#sender.flush()
  }

  #goAway(why: 'connecting' | 'off' | 'refused'): void {
    if (this.#closed) return
    this.#connection = why === 'off' ? 'polling' : why
    this.#changed()
    if (why === 'off') this.#loadRooms()
    this.#pollTimer ??= setInterval(() => this.#poll(), pollMs * (0.9 + Math.random() / 5))
  }

  #hear(event: RealTimeEvent): void {
    if (this.#closed) return
    if (event.type === 'typing') {
      const { user, room } = event.body
      if (user.id !== this.#me.id && this.#chat.rooms.has(room.id)) this.#typists.hear(room.id, user)
      return
    }
    if (event.type === 'message_added') {
      const { author, client_id: clientId, room } = event.body
      if (author !== null) this.#typists.forget(room.id, author.id)
      if (author?.id === this.#me.id && clientId !== null) this.#sender.confirm(clientId)
    }
    this.#dispatch({ type: 'heard', event, at: this.#now++ })
  }

  /** Events were lost, or never came: what is shown is asked for anew. */
  #resync(): void {
    const roomId = this.#openRoom
    this.#resyncWanted = false
    this.#pages.forgive()
    this.#dispatch({ type: 'lost', shown: roomId, at: this.#now++ })
    this.#loadRooms()
    const messages = roomId === undefined ? undefined : this.#chat.rooms.get(roomId)?.messages
    if (roomId !== undefined && messages !== undefined) void this.#refetch(roomId, messages)
  }

  /** What is on its way is waited for, however slow the server is. */
  #poll(): void {
    const isUnderWay = this.#roomsUnderWay || this.#refetching > 0 || this.#pages.loading.size > 0
    if (!isUnderWay) this.#resync()
  }

  /** The window as it is now, page by page. */
  async #refetch(roomId: number, messages: readonly Message[]): Promise<void> {
    this.#refetching += 1
    let after = (messages[0]?.seq ?? 1) - 1
    do {
      const place = { after, limit: limits.page }
      const failed = await this.#pages.load(roomId, place, { keep: this.#placeIn(roomId) })
      if (failed !== undefined) {
        // All of it once more: what is shown is from before.
        if (failed.mayPass) this.#pursueLater(true)
        break
      }
      after += limits.page
    } while (after < endOf(messages))
    this.#refetching -= 1
  }

  #loadRooms(): void {
    clearTimeout(this.#firstLoad)
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    if (this.#closed) return
    // What is under way was asked for too early: once more after it.
    if (this.#roomsUnderWay) {
      this.#roomsWanted = true
      return
    }
    this.#roomsUnderWay = true
    this.#roomsWanted = false
    void this.#askForRooms().finally(() => {
      this.#roomsUnderWay = false
      if (this.#roomsWanted) this.#loadRooms()
    })
  }

  async #askForRooms(): Promise<void> {
    const askedAt = this.#now++
    try {
      const { rooms } = await this.#api.get<{ rooms: Room[] }>('/api/rooms')
      this.#failures = 0
      this.#failure = null
      // Where events were lost meanwhile, these rooms don't count, and others are on their way.
      if (askedAt >= this.#chat.lostAt) this.#ready = true
      this.#dispatch({ type: 'rooms-loaded', rooms, askedAt, at: this.#now++ })
    } catch (error) {
      if (!this.#ready) this.#failure = reasonOf(error)
      this.#changed()
      this.#pursueLater()
    }
  }

  /** Asks for what the state lacks. */
  #pursue(): void {
    if (this.#closed || !this.#ready) return
    const { rooms, wanted, left, absent } = this.#chat
    const missing = [...wanted.keys()]
    const opened = this.#openRoom
    if (opened !== undefined && !rooms.has(opened) && !left.has(opened) && !absent.has(opened)) missing.push(opened)
    if (this.#retryTimer === undefined) for (const id of missing) void this.#fetchRoom(id).catch(() => {})
    if (opened === undefined) return
    const room = rooms.get(opened)
    if (room === undefined || this.#pages.loading.has(opened) || this.#pages.failures.has(opened)) return
    if (room.messages === undefined) {
      const unread = room.read_seq < room.last_seq && room.read_seq > 0
      const place = unread ? { around: room.read_seq + 1, limit: limits.page } : { limit: firstPage }
      void this.#pages.load(opened, place, { label: 'first', keep: Infinity })
    } else if (this.#following === opened && hasNewer(room) && room.asked.length === 0) {
      if (room.last_seq - endOf(room.messages) <= farBehind) this.loadNewer(opened)
      else void this.#pages.load(opened, { limit: firstPage }, { label: 'first', replace: true, keep: Infinity })
    }
  }

  /** A room as the server has it, or that I am not in it. @throws ApiError other failures */
  async #fetchRoom(roomId: number): Promise<void> {
    if (this.#fetching.has(roomId)) return
    this.#fetching.add(roomId)
    const askedAt = this.#now++
    try {
      const room = await this.#api.get<Room>(`/api/rooms/${roomId}`)
      this.#fetching.delete(roomId)
      this.#dispatch({ type: 'room-loaded', room, askedAt, at: this.#now++ })
    } catch (error) {
      this.#fetching.delete(roomId)
      if (error instanceof ApiError && error.status === 404) {
        this.#dispatch({ type: 'room-missing', roomId, askedAt, at: this.#now++ })
        return
      }
      this.#pursueLater()
      throw error
    }
  }

  /** @param resync what is shown too, and not only rooms */
  #pursueLater(resync = false): void {
    if (this.#closed) return
    this.#resyncWanted ||= resync
    const again = () => (this.#resyncWanted ? this.#resync() : this.#loadRooms())
    this.#retryTimer ??= setTimeout(again, pauseAfter(this.#failures++))
  }

  /** A room that I am in from now on, as the answer shows it. */
  async #enter(ask: (api: Api) => Promise<Room>): Promise<number> {
    const askedAt = this.#now++
    const room = await ask(this.#api)
    this.#dispatch({ type: 'room-loaded', room, askedAt, at: this.#now++ })
    return room.id
  }

  /** @throws ApiError */
  async #jump(roomId: number, place: Place, keep: number): Promise<void> {
    // Whoever jumped is told; nothing else has failed.
    const failed = await this.#pages.load(roomId, place, { label: 'first', replace: true, keep, isTold: true })
    if (failed !== undefined) throw failed
  }

  /** Where somebody reads, of a room that is not followed; else the end. */
  #placeIn(roomId: number): number {
    const isRead = roomId === this.#openRoom && roomId !== this.#following && roomId === this.#place?.roomId
    return isRead ? (this.#place?.seq ?? Infinity) : Infinity
  }

  #dispatch(action: Action): void {
    if (this.#closed) return
    this.#chat = reduce(this.#chat, action)
    for (const roomId of this.#opened) {
      this.#chat = reduce(this.#chat, { type: 'cut', roomId, keep: this.#placeIn(roomId) })
    }
    this.#changed()
    this.#pursue()
  }

  #changed(): void {
    this.#state = undefined
    for (const listener of this.#listeners) {
      try {
        listener()
      } catch (error) {
        // It is the page's; the others, and what is to be asked for, don't depend on it.
        console.error(error)
      }
    }
  }
}

function signIn(): void {
  location.assign(`/sign-in?redirect=${encodeURIComponent(location.pathname)}`)
}

function eventOf(type: 'message_added' | 'message_changed', message: Message): RealTimeEvent {
  return { type, body: { ...message, room: { id: message.room_id, version: message.version } } }
}
