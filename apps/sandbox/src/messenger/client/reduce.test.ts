import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Message, Person, RealTimeEvent, Room } from '../model.ts'
import { hasNewer, initialState, reduce, type Action, type ChatState } from './reduce.ts'

const me: Person = { id: 'me', name: 'Me' }
const people: Person[] = [me, { id: 'ada', name: 'Ada' }, { id: 'grace', name: 'Grace' }]

/** What the server does, in memory: the rules of the rooms, and who is told of what. */
class Server {
  readonly rooms = new Map([1, 2].map((id) => [id, newRoom(id)]))
  /** Told to me and not heard yet. */
  readonly told: RealTimeEvent[] = []
  #time = 0

  join(roomId: number, user: Person): void {
    const room = this.#room(roomId)
    if (room.members.has(user.id)) return
    room.version += 1
    room.members.set(user.id, { read_seq: room.messages.length, joined_version: room.version })
    this.#tell(room, { type: 'user_joined', body: { user, room: facts(room) } })
  }

  leave(roomId: number, user: Person): void {
    const room = this.#room(roomId)
    if (!room.members.has(user.id)) return
    const iHear = room.members.has(me.id)
    room.version += 1
    room.members.delete(user.id)
    if (iHear) this.told.push({ type: 'user_left', body: { user, room: facts(room) } })
  }

  post(roomId: number, author: Person): void {
    const room = this.#room(roomId)
    const member = room.members.get(author.id)
    if (member === undefined) return
    room.version += 1
    const seq = room.messages.length + 1
    const created_at = new Date((this.#time += 1000)).toISOString()
    const message: Message = {
      id: roomId * 1000 + seq,
      room_id: roomId,
      seq,
      version: room.version,
      author,
      content: `${seq}`,
      client_id: null,
      created_at,
      edited_at: null,
      deleted_at: null,
    }
    room.messages.push(message)
    room.bumped_at = created_at
    member.read_seq = seq
    this.#tell(room, { type: 'message_added', body: { ...message, room: facts(room) } })
  }

  change(roomId: number, place: number): void {
    const room = this.#room(roomId)
    const before = room.messages[place % Math.max(room.messages.length, 1)]
    if (before === undefined) return
    room.version += 1
    const edited_at = new Date((this.#time += 1000)).toISOString()
    const message: Message = { ...before, version: room.version, content: `${before.content}'`, edited_at }
    room.messages[message.seq - 1] = message
    this.#tell(room, { type: 'message_changed', body: { ...message, room: facts(room) } })
  }

  read(roomId: number, seq: number): void {
    const room = this.#room(roomId)
    const member = room.members.get(me.id)
    if (member === undefined) return
    member.read_seq = Math.max(member.read_seq, Math.min(seq, room.messages.length))
    this.#tell(room, { type: 'room_read', body: { user: me, room: { id: roomId }, read_seq: member.read_seq } })
  }

  /** What an answer of the API would be now. */
  loadRooms(): Room[] {
    return [...this.rooms.keys()].flatMap((id) => this.loadRoom(id) ?? [])
  }

  loadRoom(id: number): Room | undefined {
    const room = this.#room(id)
    const member = room.members.get(me.id)
    if (member === undefined) return undefined
    return {
      ...facts(room),
      kind: 'public',
      name: `Room ${id}`,
      last_seq: room.messages.length,
      last_message: room.messages.at(-1) ?? null,
      read_seq: member.read_seq,
      joined_version: member.joined_version,
      peer: null,
      created_at: room.created_at,
      bumped_at: room.bumped_at,
    }
  }

  loadPage(id: number, first: number, count: number) {
    const { members, messages, version } = this.#room(id)
    if (!members.has(me.id)) return undefined
    // A page that is asked for behind the end is the last one.
    const start = Math.min(first - 1, Math.max(0, messages.length - count))
    return { messages: messages.slice(start, start + count), version }
  }

  #room(id: number) {
    const room = this.rooms.get(id)
    if (room === undefined) throw new Error(`no room ${id}`)
    return room
  }

  #tell(room: ReturnType<typeof newRoom>, event: RealTimeEvent): void {
    if (room.members.has(me.id)) this.told.push(event)
  }
}

function newRoom(roomId: number) {
  const created_at = new Date(0).toISOString()
  return {
    id: roomId,
    version: 0,
    created_at,
    bumped_at: created_at,
    members: new Map<string, { read_seq: number; joined_version: number }>(),
    messages: new Array<Message>(),
  }
}

function facts({ id, version, members }: ReturnType<typeof newRoom>) {
  return { id, version, member_count: members.size }
}

/** A load on its way: asked for, then read by the server, then delivered, with anything in between. */
type Load = { roomId?: number; askedAt: number; first?: number; answer?: () => Action }

/** A browser and the network before it. */
class Browser {
  state: ChatState = initialState(me)
  readonly heard: RealTimeEvent[] = []
  readonly loads: Load[] = []
  readonly #server: Server
  #clock = 0

  constructor(server: Server) {
    this.#server = server
  }

  dispatch(action: Action): void {
    this.state = reduce(this.state, action)
  }

  /** One of what was told, not necessarily the first; or something that was heard before, once more. */
  hear(choice: number, again: boolean): void {
    const from = again ? this.heard : this.#server.told
    if (from.length === 0) return
    const index = choice % from.length
    const event = from[index] as RealTimeEvent
    if (!again) this.heard.push(...from.splice(index, 1))
    this.dispatch({ type: 'heard', event, at: this.#clock++ })
  }

  ask(roomId?: number): void {
    this.loads.push({ askedAt: this.#clock++, ...(roomId === undefined ? {} : { roomId }) })
  }

  askPage(roomId: number, first: number): void {
    if (!this.state.rooms.has(roomId)) return
    const askedAt = this.#clock++
    this.dispatch({ type: 'page-asked', roomId, askedAt })
    this.loads.push({ roomId, first, askedAt })
  }

  /** The server reads what was asked for. */
  serve(choice: number): void {
    const open = this.loads.filter(({ answer }) => answer === undefined)
    const load = open[choice % Math.max(open.length, 1)]
    if (load === undefined) return
    const { roomId, askedAt, first } = load
    if (roomId === undefined) {
      const rooms = this.#server.loadRooms()
      load.answer = () => ({ type: 'rooms-loaded', rooms, askedAt, at: this.#clock++ })
    } else if (first !== undefined) {
      const page = this.#server.loadPage(roomId, first, 3)
      load.answer = () =>
        page === undefined
          ? { type: 'page-failed', roomId, askedAt }
          : { type: 'page-loaded', roomId, page, askedAt, replace: first % 2 === 1, keep: Infinity }
    } else {
      const room = this.#server.loadRoom(roomId)
      load.answer = () =>
        room === undefined
          ? { type: 'room-missing', roomId, askedAt, at: this.#clock++ }
          : { type: 'room-loaded', room, askedAt, at: this.#clock++ }
    }
  }

  deliver(choice: number): void {
    const answered = this.loads.filter(({ answer }) => answer !== undefined)
    const load = answered[choice % Math.max(answered.length, 1)]
    if (load?.answer === undefined) return
    this.loads.splice(this.loads.indexOf(load), 1)
    this.dispatch(load.answer())
  }

  /** All that is on its way arrives, and all that is wanted is asked for, until nothing is. */
  settle(order: number): void {
    for (let round = 0; round < 100; round++) {
      while (this.#server.told.length > 0) this.hear(order, false)
      for (const id of this.state.wanted.keys()) this.ask(id)
      for (const { id, messages } of [...this.state.rooms.values()].filter(hasNewer)) {
        this.askPage(id, (messages?.at(-1)?.seq ?? 0) + 1)
      }
      if (this.loads.length === 0) return
      while (this.loads.some(({ answer }) => answer === undefined)) this.serve(order)
      while (this.loads.length > 0) this.deliver(order)
    }
    throw new Error('nothing settles')
  }

  /** What the page does when events were lost: the room that it shows is asked for anew. */
  resync(shown: number): void {
    this.dispatch({ type: 'lost', shown, at: this.#clock++ })
    this.ask()
    const { messages = [] } = this.state.rooms.get(shown) ?? {}
    for (let place = 0; place < messages.length; place += 3) this.askPage(shown, messages[place]?.seq ?? 1)
  }
}

const choice = fc.nat(1000)
const roomId = fc.constantFrom(1, 2)
const person = fc.constantFrom(...people)
type Step = (server: Server, browser: Browser) => void
const step = fc.oneof(
  fc.tuple(roomId, person).map(
    ([id, who]): Step =>
      (server) =>
        server.join(id, who),
  ),
  fc.tuple(roomId, person).map(
    ([id, who]): Step =>
      (server) =>
        server.leave(id, who),
  ),
  {
    arbitrary: fc.tuple(roomId, person).map(
      ([id, who]): Step =>
        (server) =>
          server.post(id, who),
    ),
    weight: 3,
  },
  fc.tuple(roomId, choice).map(
    ([id, place]): Step =>
      (server) =>
        server.change(id, place),
  ),
  fc.tuple(roomId, fc.nat(20)).map(
    ([id, seq]): Step =>
      (server) =>
        server.read(id, seq),
  ),
  {
    arbitrary: choice.map(
      (n): Step =>
        (_, browser) =>
          browser.hear(n, false),
    ),
    weight: 4,
  },
  choice.map(
    (n): Step =>
      (_, browser) =>
        browser.hear(n, true),
  ),
  fc.constant<Step>((_, browser) => browser.ask()),
  roomId.map(
    (id): Step =>
      (_, browser) =>
        browser.ask(id),
  ),
  fc.tuple(roomId, fc.integer({ min: 1, max: 12 })).map(
    ([id, first]): Step =>
      (_, browser) =>
        browser.askPage(id, first),
  ),
  {
    arbitrary: choice.map(
      (n): Step =>
        (_, browser) =>
          browser.serve(n),
    ),
    weight: 2,
  },
  {
    arbitrary: choice.map(
      (n): Step =>
        (_, browser) =>
          browser.deliver(n),
    ),
    weight: 2,
  },
)
const steps = fc.array(step, { maxLength: 150, size: 'max' })

function expectEqual({ state }: Browser, server: Server): void {
  const shown = [...state.rooms.values()].toSorted((a, b) => a.id - b.id)
  // The version is that of the facts, and messages bring none.
  expect(
    shown.map(
      ({ messages: _, heard: __, asked: ___, asOf: ____, confirmedAt: _____, version: ______, ...room }) => room,
    ),
  ).toEqual(server.loadRooms().map(({ version: _, ...room }) => room))
  for (const { id, messages } of shown) {
    if (messages === undefined) continue
    const stored = server.rooms.get(id)?.messages ?? []
    // A window's end is the room's end: what is behind it was asked for.
    expect(messages).toEqual(stored.slice(stored.length - messages.length))
  }
}

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 3000) }

describe('whatever arrives when, the state ends as that of the database', () => {
  test('with every event late, doubled and out of order', { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(steps, choice, (all, order) => {
        const server = new Server()
        const browser = new Browser(server)
        // Position first, then data: events are told from here on.
        browser.ask()
        for (const run of all) run(server, browser)
        browser.settle(order)
        expectEqual(browser, server)
      }),
      runs,
    )
  })

  test('with events lost, once everything was asked for anew', { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(steps, steps, roomId, choice, (before, after, shown, order) => {
        const server = new Server()
        const browser = new Browser(server)
        browser.ask()
        for (const run of before) run(server, browser)
        server.told.splice(0)
        browser.resync(shown)
        for (const run of after) run(server, browser)
        browser.settle(order)
        expectEqual(browser, server)
      }),
      runs,
    )
  })
})
