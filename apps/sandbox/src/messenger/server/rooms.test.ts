import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FoundRoom, Member, Person, Room } from '../model.ts'
import {
  engines,
  startBackend,
  startTestHub,
  soon,
  statuses,
  versionOf,
  type Backend,
  type Caller,
  type Engine,
} from './testing/backend.ts'
import { startMessenger } from './start.ts'

let stopHub: () => Promise<void>
beforeAll(async () => {
  stopHub = await startTestHub()
})
afterAll(() => stopHub())

const notHere = { status: 404, body: { detail: 'There is no such room, or you are not in it.' } }

describe.each(engines)('rooms on $name', ({ start, needs }) => {
  describe('are', needs, () => {
    let engine: Engine
    let backend: Backend
    let ada: Caller
    let grace: Caller
    beforeAll(async () => {
      engine = await start()
      backend = await startBackend(engine)
      ada = await backend.newPerson('Ada')
      grace = await backend.newPerson('<i>Grace</i>')
    })
    afterAll(async () => {
      await backend.close()
      await engine.stop()
    })

    const roomOf = async (caller: Caller, id: number) => (await caller.get<Room>(`rooms/${id}`)).body
    const search = async (caller: Caller, query: string) =>
      (await caller.get<{ rooms: FoundRoom[] }>(`rooms/search?q=${encodeURIComponent(query)}`)).body.rooms

    test('one from the start, the lobby, made once by however many processes', async () => {
      const settings = { messengerDelivery: 'commit', publicUrl: undefined } as const
      const log = pino({ level: 'silent' })
      await Promise.all([1, 2, 3].map(() => startMessenger(engine.database, settings, log)))
      expect(await search(ada, 'lobby')).toMatchObject([{ name: 'Lobby', version: 1, is_member: false }])
    })

    test('made with their maker in them, and told to the maker’s other tabs', async () => {
      const listener = await ada.listen()
      const { status, body } = await ada.send<Room>('POST', 'rooms', { name: '  Tea <b>room</b>  ', kind: 'private' })
      expect(status).toBe(201)
      expect(body).toMatchObject({
        kind: 'private',
        name: 'Tea <b>room</b>',
        version: 2,
        member_count: 1,
        last_seq: 1,
        read_seq: 1,
        joined_version: 1,
        peer: null,
        last_message: { author: null, content: 'Ada created the room.', seq: 1, version: 2, client_id: null },
      })
      expect(await roomOf(ada, body.id)).toEqual(body)
      await soon(() => listener.events).toHaveLength(2)
      const room = { id: body.id, version: 1, member_count: 1 }
      expect(listener.events).toMatchObject([
        { type: 'user_joined', body: { user: { id: ada.id, name: 'Ada' }, room } },
        { type: 'message_added', body: { seq: 1, room: { id: body.id, version: 2 } } },
      ])
      listener.close()
    })

    test('named once, whatever the case, also when two take the name at once', async () => {
      const create = (caller: Caller, name: string) => caller.send('POST', 'rooms', { name, kind: 'public' })
      const answers = await Promise.all([create(ada, 'Twins'), create(grace, 'tWINS')])
      expect(statuses(answers)).toEqual([201, 409])
      expect((await create(ada, 'TWINS')).body).toEqual({ detail: 'There is a room with this name already.' })
      // Nothing of the refused ones is left.
      expect(await search(ada, 'twins')).toHaveLength(1)
    })

    test.each(
      [
        { name: ' ', kind: 'public' },
        { name: 'x'.repeat(101), kind: 'public' },
        { name: 'nul\0', kind: 'public' },
        { name: 'two\nlines', kind: 'public' },
        { name: 'half \ud83d', kind: 'public' },
        { name: 'Direct', kind: 'direct' },
        { name: 7, kind: 'public' },
        {},
        [],
        null,
      ].map((body) => ({ body })),
    )('not made of $body', async ({ body }) => {
      const { status, body: answer } = await ada.send('POST', 'rooms', body)
      expect({ status, answer }).toEqual({ status: 400, answer: { detail: expect.any(String) } })
    })

    test('listed with the last one that somebody wrote in first', async () => {
      const person = await backend.newPerson('Lister')
      const rooms = [await person.createRoom(), await person.createRoom(), await person.createRoom()]
      await person.post(rooms[0]?.id ?? 0, 'up')
      const { body } = await person.get<{ rooms: Room[] }>('rooms')
      expect(body.rooms.map(({ id }) => id)).toEqual([rooms[0]?.id, rooms[2]?.id, rooms[1]?.id])
      expect(body.rooms[0]?.last_message).toMatchObject({ content: 'up', author: { id: person.id, name: 'Lister' } })
      // What changes nothing visible moves nothing.
      await grace.send('POST', `rooms/${rooms[1]?.id}/join`)
      expect((await person.get<{ rooms: Room[] }>('rooms')).body.rooms.map(({ id }) => id)).toEqual(
        body.rooms.map(({ id }) => id),
      )
    })

    test('found by name: public ones and my private ones, wildcards standing for themselves', async () => {
      const make = async (caller: Caller, name: string, kind: string) =>
        (await caller.send<Room>('POST', 'rooms', { name, kind })).body
      await make(ada, 'Find 100%', 'public')
      await make(ada, 'find 1000', 'public')
      await make(ada, 'find mine_1', 'private')
      await make(grace, 'find mine21', 'private')
      expect((await search(ada, 'FIND')).map(({ name, is_member }) => [name, is_member])).toEqual([
        ['Find 100%', true],
        ['find 1000', true],
        ['find mine_1', true],
      ])
      expect((await search(grace, 'find')).map(({ name, is_member }) => [name, is_member])).toEqual([
        ['Find 100%', false],
        ['find 1000', false],
        ['find mine21', true],
      ])
      expect((await search(ada, '100%')).map(({ name }) => name)).toEqual(['Find 100%'])
      expect(await search(ada, '\\')).toEqual([])
      expect((await ada.get('rooms/search?q=%00')).status).toBe(400)
    })

    test('joined: a higher version, one more member, heard by all of them, read up to here', async () => {
      const room = await ada.createRoom()
      const [first, second] = [await ada.listen(), await grace.listen()]
      const { status, body } = await grace.send<{ room: Room }>('POST', `rooms/${room.id}/join`)
      expect(status).toBe(200)
      const version = room.version + 1
      expect(body.room).toMatchObject({ id: room.id, version, member_count: 2, read_seq: 1, joined_version: version })
      expect(body.room.bumped_at).toBe(room.bumped_at)
      const joined = {
        type: 'user_joined',
        body: { user: { id: grace.id, name: '<i>Grace</i>' }, room: { id: room.id, version, member_count: 2 } },
      }
      await soon(() => first.events).toEqual([joined])
      await soon(() => second.events).toEqual([joined])

      // Once more is refused, and changes nothing.
      expect((await grace.send('POST', `rooms/${room.id}/join`)).status).toBe(409)
      expect(await roomOf(ada, room.id)).toMatchObject({ version, member_count: 2, bumped_at: room.bumped_at })
      await grace.post(room.id, 'hello')
      await soon(() => first.events).toHaveLength(2)
      expect(first.events[1]).toMatchObject({ type: 'message_added', body: { room: { version: version + 1 } } })
      first.close()
      second.close()
    })

    test('left: heard by who leaves as well, who hears nothing afterwards', async () => {
      const room = await ada.createRoom()
      await grace.send('POST', `rooms/${room.id}/join`)
      const [mine, theirs] = [await grace.listen(), await ada.listen()]
      expect(await grace.send('POST', `rooms/${room.id}/leave`)).toMatchObject({ status: 200, body: {} })
      const left = {
        type: 'user_left',
        body: { user: { id: grace.id, name: '<i>Grace</i>' }, room: { id: room.id, version: 4, member_count: 1 } },
      }
      await soon(() => theirs.events).toEqual([left])
      await ada.post(room.id, 'are you there?')
      // A later one, so that what was not to come would have come before it.
      const own = await grace.createRoom()
      await soon(() => mine.events).toHaveLength(3)
      expect(mine.events.map((event) => event.body.room.id)).toEqual([room.id, own.id, own.id])
      expect(mine.events[0]).toEqual(left)

      expect(await grace.send('POST', `rooms/${room.id}/leave`)).toMatchObject(notHere)
      expect(await grace.get(`rooms/${room.id}`)).toMatchObject(notHere)
      expect(await grace.get('rooms/2147483647')).toMatchObject(notHere)
      expect(await grace.get('rooms/99999999999')).toMatchObject(notHere)
      expect(await grace.get('rooms/-1')).toMatchObject(notHere)
      mine.close()
      theirs.close()
    })

    test('counted right, whoever joins and leaves at once', async () => {
      const room = await ada.createRoom()
      const people = await Promise.all(Array.from({ length: 8 }, (_, index) => backend.newPerson(`Racer ${index}`)))
      const listener = await ada.listen()
      const twice = people.flatMap((person) => [1, 2].map(() => person.send('POST', `rooms/${room.id}/join`)))
      expect(statuses(await Promise.all(twice))).toEqual([...Array<number>(8).fill(200), ...Array<number>(8).fill(409)])
      expect(await roomOf(ada, room.id)).toMatchObject({ member_count: 9, version: room.version + 8 })
      const mixed = people.flatMap((person) =>
        ['leave', 'join', 'leave'].map((what) => person.send('POST', `rooms/${room.id}/${what}`)),
      )
      await Promise.all(mixed)
      const { member_count, version } = await roomOf(ada, room.id)
      const { body } = await ada.get<{ members: Member[] }>(`rooms/${room.id}/members`)
      expect(body.members).toHaveLength(member_count)
      // Each event bears the next version and the count after it.
      await soon(() => listener.events).toHaveLength(version - room.version)
      expect(listener.events.map(versionOf)).toEqual(
        Array.from({ length: version - room.version }, (_, index) => room.version + 1 + index),
      )
      expect(listener.events.at(-1)).toMatchObject({ body: { room: { member_count } } })
      listener.close()
    })

    test('private: not to be joined, but members bring others in', async () => {
      const room = await ada.createRoom('private')
      const guest = await backend.newPerson('Guest')
      expect(await guest.send('POST', `rooms/${room.id}/join`)).toMatchObject(notHere)
      expect(await guest.send('POST', `rooms/${room.id}/members`, { user_id: guest.id })).toMatchObject(notHere)
      const listener = await guest.listen()
      const invite = (userId: unknown) => ada.send('POST', `rooms/${room.id}/members`, { user_id: userId })
      expect(await invite(guest.id)).toMatchObject({ status: 200, body: {} })
      await expect
        .poll(() => listener.events)
        .toMatchObject([{ type: 'user_joined', body: { user: { id: guest.id } } }])
      expect((await invite(guest.id)).status).toBe(409)
      expect((await invite('nobody')).status).toBe(404)
      expect((await invite(7)).status).toBe(400)
      expect((await invite('nul\0')).status).toBe(400)
      expect(await roomOf(guest, room.id)).toMatchObject({ member_count: 2, read_seq: 1 })
      listener.close()
    })

    test('of two people, one for both, also when both open it at once', async () => {
      const [one, other] = [await backend.newPerson('One'), await backend.newPerson('Other')]
      const listeners = [await one.listen(), await other.listen()]
      const open = (caller: Caller, userId: string) => caller.send<Room>('POST', 'direct', { user_id: userId })
      const answers = await Promise.all([open(one, other.id), open(other, one.id)])
      expect(statuses(answers)).toEqual([200, 201])
      const [mine, theirs] = answers.map(({ body }) => body)
      expect(mine).toMatchObject({ kind: 'direct', name: 'Other', version: 1, member_count: 2, last_seq: 0 })
      expect(mine?.peer).toEqual({ id: other.id, name: 'Other', read_seq: 0 })
      expect(theirs).toMatchObject({ id: mine?.id, name: 'One', peer: { id: one.id } })
      for (const listener of listeners) {
        await soon(() => listener.events).toHaveLength(2)
        expect(listener.events.map(({ type, body }) => [type, body.room.id])).toEqual([
          ['user_joined', mine?.id],
          ['user_joined', mine?.id],
        ])
        listener.close()
      }
      expect((await open(one, one.id)).status).toBe(400)
      expect((await open(one, 'nobody')).status).toBe(404)
      expect((await one.send('POST', `rooms/${mine?.id}/leave`)).status).toBe(409)
      expect(await ada.send('POST', `rooms/${mine?.id}/join`)).toMatchObject(notHere)
      expect((await one.send('POST', `rooms/${mine?.id}/members`, { user_id: ada.id })).status).toBe(409)
      expect((await one.get<{ rooms: FoundRoom[] }>('rooms/search?q=')).body.rooms.map(({ id }) => id)).not.toContain(
        mine?.id,
      )
    })

    test('read further, never back, and not further than written; told to me, and to the other of two', async () => {
      const direct = (await ada.send<Room>('POST', 'direct', { user_id: grace.id })).body
      for (const text of ['one', 'two', 'three']) await ada.post(direct.id, text)
      const [mine, theirs] = [await grace.listen(), await ada.listen()]
      const read = async (seq: unknown) => grace.send('POST', `rooms/${direct.id}/read`, { seq })
      expect((await read(2)).body).toEqual({ read_seq: 2 })
      expect((await read(1)).body).toEqual({ read_seq: 2 })
      expect((await read(2_147_483_647)).body).toEqual({ read_seq: 3 })
      for (const wrong of [-1, 1.5, '2', 2_147_483_648, null]) expect((await read(wrong)).status).toBe(400)
      const events = [2, 3].map((read_seq) => ({
        type: 'room_read',
        body: { user: { id: grace.id }, room: { id: direct.id }, read_seq },
      }))
      await soon(() => mine.events).toEqual(events)
      await soon(() => theirs.events).toEqual(events)
      expect((await roomOf(ada, direct.id)).peer).toMatchObject({ id: grace.id, read_seq: 3 })

      // In a room of many it is nobody else's business.
      const room = await ada.createRoom()
      await grace.send('POST', `rooms/${room.id}/join`)
      await ada.post(room.id, 'news')
      await grace.send('POST', `rooms/${room.id}/read`, { seq: 2 })
      await grace.post(room.id, 'seen')
      await soon(() => theirs.events.at(-1)?.type).toBe('message_added')
      expect(theirs.events.filter(({ type }) => type === 'room_read')).toHaveLength(2)
      await soon(() => mine.events.filter(({ type }) => type === 'room_read')).toHaveLength(3)
      expect(await ada.send('POST', 'rooms/2147483647/read', { seq: 1 })).toMatchObject(notHere)
      mine.close()
      theirs.close()
    })

    test('typed in: told to the others at once, and kept for nobody', async () => {
      const room = await ada.createRoom()
      await grace.send('POST', `rooms/${room.id}/join`)
      const [mine, theirs] = [await ada.listen(), await grace.listen()]
      expect((await ada.send('POST', `rooms/${room.id}/typing`)).status).toBe(204)
      const typing = { type: 'typing', body: { user: { id: ada.id, name: 'Ada' }, room: { id: room.id } } }
      await soon(() => theirs.events).toEqual([typing])
      await grace.post(room.id, 'I see')
      await soon(() => mine.events).toHaveLength(1)
      expect(mine.events[0]?.type).toBe('message_added')
      // Not in a crowd.
      await engine.database.query('update room set member_count = 101 where id = $1', [room.id])
      expect((await ada.send('POST', `rooms/${room.id}/typing`)).status).toBe(204)
      await ada.post(room.id, 'done')
      await soon(() => theirs.events.map(({ type }) => type)).toEqual(['typing', 'message_added', 'message_added'])
      const stranger = await backend.newPerson('Stranger')
      expect(await stranger.send('POST', `rooms/${room.id}/typing`)).toMatchObject(notHere)
      mine.close()
      theirs.close()
    })

    test('listed with their members, a hundred a page by name, and who is there', async () => {
      const room = await ada.createRoom()
      const rows = Array.from({ length: 205 }, (_, index) => ({
        id: `${room.id}-m${index}`,
        name: `member ${index % 7}`,
      }))
      const values = rows.map(({ id, name }) => `('${id}', '${name}', '${id}@example.com')`)
      await engine.database.query(`insert into "user" (id, name, email) values ${values.join()}`, [])
      await engine.database.query(
        `insert into room_member (room_id, user_id, joined_version) select $1, id, 1 from "user" where id like $2`,
        [room.id, `${room.id}-m%`],
      )
      const listener = await ada.listen()
      const all: Member[] = []
      let next: string | null = ''
      const sizes: number[] = []
      while (next !== null) {
        const after: string = next === '' ? '' : `?after=${next}`
        const { body } = await ada.get<{ members: Member[]; next: string | null }>(`rooms/${room.id}/members${after}`)
        all.push(...body.members)
        sizes.push(body.members.length)
        next = body.next
      }
      expect(sizes).toEqual([100, 100, 6])
      expect(new Set(all.map(({ id }) => id)).size).toBe(206)
      expect(all.map(({ name }) => name.toLowerCase())).toEqual(all.map(({ name }) => name.toLowerCase()).toSorted())
      expect(all.filter(({ online }) => online === true).map(({ id }) => id)).toEqual([ada.id])
      expect(all.filter(({ online }) => online === false)).toHaveLength(205)
      expect(all[0]?.joined_at).toMatch(/^\d{4}-.*Z$/)
      for (const cursor of ['x', btoa('[1,2]'), btoa('["a"]'), btoa('["a\\u0000","b"]'), '%00', 'x'.repeat(3000)]) {
        expect((await ada.get(`rooms/${room.id}/members?after=${cursor}`)).status).toBe(400)
      }
      expect(await grace.get(`rooms/${room.id}/members`)).toMatchObject(notHere)
      listener.close()
    })

    test('limited in number per person', async () => {
      const busy = await backend.newPerson('Busy')
      await engine.database.query(
        `with made as (insert into room (kind, name) select 'private', 'Busy ' || n from generate_series(1, 499) n returning id)
         insert into room_member (room_id, user_id, joined_version) select id, $1, 0 from made`,
        [busy.id],
      )
      const room = await ada.createRoom()
      expect((await busy.send('POST', `rooms/${room.id}/join`)).status).toBe(200)
      const refused = { status: 409, body: { detail: 'Nobody can be in more than 500 rooms.' } }
      expect(await busy.send('POST', 'rooms', { name: 'One more', kind: 'public' })).toMatchObject(refused)
      expect(await ada.send('POST', 'direct', { user_id: busy.id })).toMatchObject(refused)
      expect(await search(ada, 'One more')).toEqual([])
      expect((await busy.get<{ rooms: Room[] }>('rooms')).body.rooms).toHaveLength(500)
    })

    test('not needed to find people: others by name, those first whose name begins with it', async () => {
      await Promise.all(['Zed', 'Amazed', 'zed_2', '100% Zed'].map((name) => backend.newPerson(name)))
      const find = async (query: string) =>
        (await ada.get<{ people: Person[] }>(`people?q=${encodeURIComponent(query)}`)).body.people
      expect((await find('zed')).map(({ name }) => name)).toEqual(['Zed', 'zed_2', '100% Zed', 'Amazed'])
      expect((await find('zed_')).map(({ name }) => name)).toEqual(['zed_2'])
      expect(await find('')).toHaveLength(20)
      expect((await find('Ada')).map(({ id }) => id)).not.toContain(ada.id)
      expect(Object.keys((await find('zed'))[0] ?? {})).toEqual(['id', 'name'])
    })
  })
})
