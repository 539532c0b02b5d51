import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FoundMessage, Message, MessagePage, Room } from '../model.ts'
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

let stopHub: () => Promise<void>
beforeAll(async () => {
  stopHub = await startTestHub()
})
afterAll(() => stopHub())

describe.each(engines)('messages on $name', ({ start, needs }) => {
  describe('are', needs, () => {
    let engine: Engine
    let backend: Backend
    let ada: Caller
    let grace: Caller
    beforeAll(async () => {
      engine = await start()
      backend = await startBackend(engine)
      ada = await backend.newPerson('Ada')
      grace = await backend.newPerson('Grace <b>Hopper</b>')
    })
    afterAll(async () => {
      await backend.close()
      await engine.stop()
    })

    const roomOfBoth = async () => {
      const room = await ada.createRoom()
      expect((await grace.send('POST', `rooms/${room.id}/join`)).status).toBe(200)
      return (await ada.get<Room>(`rooms/${room.id}`)).body
    }
    const pageOf = async (roomId: number, query = '') =>
      (await ada.get<MessagePage>(`rooms/${roomId}/messages${query}`)).body

    test('written, told to all members as they were written, and shown in the room', async () => {
      const room = await roomOfBoth()
      const listener = await grace.listen()
      const text = '<script>alert(1)</script> & "quotes" 👋 \\ %'
      const { status, body } = await ada.post(room.id, text)
      expect(status).toBe(201)
      expect(body).toMatchObject({
        room_id: room.id,
        seq: 2,
        version: room.version + 1,
        author: { id: ada.id, name: 'Ada' },
        content: text,
        edited_at: null,
        deleted_at: null,
      })
      await soon(() => listener.events).toHaveLength(1)
      expect(listener.events[0]).toEqual({
        type: 'message_added',
        body: { ...body, room: { id: room.id, version: room.version + 1 } },
      })
      const after = (await ada.get<Room>(`rooms/${room.id}`)).body
      expect(after).toMatchObject({ last_seq: 2, version: room.version + 1, last_message: body, read_seq: 2 })
      expect(after.bumped_at).toBe(body.created_at)
      // Who reads has not read it for having been told.
      expect((await grace.get<Room>(`rooms/${room.id}`)).body.read_seq).toBe(1)
      listener.close()
    })

    test('written once, however often they are sent', async () => {
      const room = await ada.createRoom()
      const clientId = crypto.randomUUID()
      const answers = await Promise.all([1, 2, 3].map(() => ada.post(room.id, 'once', clientId.toUpperCase())))
      expect(statuses(answers)).toEqual([200, 200, 201])
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
      expect(answers[0]?.body.client_id).toBe(clientId)
      expect((await pageOf(room.id)).messages).toHaveLength(2)

      // The same id for something else.
      expect((await ada.post(room.id, 'twice', clientId)).status).toBe(422)
      const other = await ada.createRoom()
      expect((await ada.post(other.id, 'once', clientId)).status).toBe(422)
      expect((await ada.get<Room>(`rooms/${other.id}`)).body).toEqual(other)
      // Of another person it is another message.
      const theirs = await grace.createRoom()
      expect((await grace.post(theirs.id, 'once', clientId)).status).toBe(201)
    })

    test('of one room only, when one client id is sent to two at once', async () => {
      const rooms = [await ada.createRoom(), await ada.createRoom()]
      const clientId = crypto.randomUUID()
      const answers = await Promise.all(rooms.map(({ id }) => ada.post(id, 'where?', clientId)))
      expect(statuses(answers)).toEqual([201, 422])
    })

    test('numbered without a gap and told in the order of their numbers, with twenty people writing at once', async () => {
      const room = await ada.createRoom()
      const people = await Promise.all(Array.from({ length: 20 }, (_, index) => backend.newPerson(`Poster ${index}`)))
      for (const person of people) await person.send('POST', `rooms/${room.id}/join`)
      const listener = await ada.listen()
      const posts = people.flatMap((person) =>
        [1, 2, 3].map((count) => person.post(room.id, `${person.name} ${count}`)),
      )
      expect(new Set((await Promise.all(posts)).map(({ status }) => status))).toEqual(new Set([201]))

      const expected = Array.from({ length: 60 }, (_, index) => index + 2)
      const { messages } = await pageOf(room.id, '?after=1&limit=100')
      expect(messages.map(({ seq }) => seq)).toEqual(expected)
      await soon(() => listener.events).toHaveLength(60)
      expect(listener.events.map((event) => (event.body as Message).seq)).toEqual(expected)
      const versions = listener.events.map(versionOf)
      expect(versions).toEqual(Array.from({ length: 60 }, (_, index) => (versions[0] ?? 0) + index))
      const created = messages.map(({ created_at }) => created_at)
      expect(created).toEqual(created.toSorted())
      listener.close()
    })

    test('paged by number, oldest first', async () => {
      const room = await ada.createRoom()
      for (let count = 2; count <= 10; count += 1) await ada.post(room.id, `message ${count}`)
      const seqs = async (query: string) => (await pageOf(room.id, query)).messages.map(({ seq }) => seq)
      expect(await seqs('')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      expect(await seqs('?limit=3')).toEqual([8, 9, 10])
      expect(await seqs('?before=8&limit=3')).toEqual([5, 6, 7])
      expect(await seqs('?before=3&limit=5')).toEqual([1, 2])
      expect(await seqs('?before=0')).toEqual([])
      expect(await seqs('?before=2147483647&limit=2')).toEqual([])
      expect(await seqs('?after=7&limit=2')).toEqual([8, 9])
      expect(await seqs('?after=2147483647')).toEqual([])
      expect(await seqs('?around=5&limit=4')).toEqual([3, 4, 5, 6])
      expect(await seqs('?around=1&limit=4')).toEqual([1, 2, 3, 4])
      expect(await seqs('?around=10&limit=4')).toEqual([7, 8, 9, 10])
      expect(await seqs('?around=2147483647&limit=4')).toEqual([7, 8, 9, 10])
      expect((await pageOf(room.id, '?limit=1')).version).toBe((await ada.get<Room>(`rooms/${room.id}`)).body.version)
    })

    test.each([
      'before=x',
      'before=-1',
      'after=1.5',
      'after=1e3',
      'around=%00',
      'around=99999999999',
      'limit=0',
      'limit=101',
    ])('not paged by %s', async (query) => {
      const room = await ada.createRoom()
      const { status, body } = await ada.get(`rooms/${room.id}/messages?${query}`)
      expect({ status, body }).toEqual({
        status: 400,
        body: { detail: expect.stringMatching(/ must be a whole number /) },
      })
    })

    test('for members only: written, read, edited and deleted', async () => {
      const room = await ada.createRoom()
      const { body: message } = await ada.post(room.id, 'private')
      const path = `rooms/${room.id}/messages`
      const answers = await Promise.all([
        grace.get(path),
        grace.post(room.id, 'me, too'),
        grace.send('PATCH', `${path}/${message.id}`, { content: 'mine' }),
        grace.send('DELETE', `${path}/${message.id}`),
        grace.get('rooms/987654/messages'),
      ])
      for (const { status, body } of answers) {
        expect({ status, body }).toEqual({
          status: 404,
          body: { detail: 'There is no such room, or you are not in it.' },
        })
      }
    })

    test('edited and deleted by who wrote them, told as changes with versions that grow', async () => {
      const room = await roomOfBoth()
      const { body: first } = await ada.post(room.id, 'frist')
      const listener = await grace.listen()
      const path = `rooms/${room.id}/messages/${first.id}`
      expect((await grace.send('PATCH', path, { content: 'mine' })).status).toBe(403)
      expect((await grace.send('DELETE', path)).status).toBe(403)

      const { body: edited } = await ada.send<Message>('PATCH', path, { content: 'first' })
      expect(edited).toMatchObject({ id: first.id, seq: first.seq, content: 'first', version: first.version + 1 })
      expect(edited.edited_at).not.toBeNull()
      // The same text again is no change.
      expect((await ada.send<Message>('PATCH', path, { content: 'first' })).body).toEqual(edited)
      // A late repetition of what was sent before the edit is still the same message.
      expect(await ada.post(room.id, 'frist', first.client_id ?? '')).toMatchObject({ status: 200, body: edited })

      const { body: deleted } = await ada.send<Message>('DELETE', path)
      expect(deleted).toMatchObject({ id: first.id, content: '', version: first.version + 2 })
      expect((await ada.send<Message>('DELETE', path)).body).toEqual(deleted)
      expect((await ada.send('PATCH', path, { content: 'back' })).status).toBe(409)

      const changes = [edited, deleted].map((body) => ({
        type: 'message_changed',
        body: { ...body, room: { id: room.id, version: body.version } },
      }))
      await soon(() => listener.events).toEqual(changes)
      expect((await ada.get<Room>(`rooms/${room.id}`)).body).toMatchObject({ last_message: deleted, last_seq: 2 })
      expect((await ada.send('PATCH', `rooms/${room.id}/messages/1`, { content: 'x' })).status).toBe(404)
      const [ofTheRoom] = (await pageOf(room.id, '?limit=100')).messages
      expect((await ada.send('DELETE', `rooms/${room.id}/messages/${ofTheRoom?.id}`)).status).toBe(403)
      listener.close()
    })

    test('found in my rooms, by text that stands for itself', async () => {
      const room = await ada.createRoom()
      const hidden = await grace.createRoom()
      await ada.post(room.id, 'a 100% sure_thing')
      await ada.post(room.id, 'a 1000 surething')
      await grace.post(hidden.id, 'a 100% sure_thing')
      const { body: gone } = await ada.post(room.id, 'a 100% gone')
      await ada.send('DELETE', `rooms/${room.id}/messages/${gone.id}`)
      const search = async (query: string) =>
        (await ada.get<{ messages: FoundMessage[] }>(`messages/search?q=${encodeURIComponent(query)}`)).body.messages
      expect(await search('100%')).toMatchObject([{ content: 'a 100% sure_thing', room_name: room.name }])
      expect(await search('SURE_')).toMatchObject([{ content: 'a 100% sure_thing' }])
      await ada.post(room.id, 'a back\\slash%')
      expect(await search('k\\s')).toMatchObject([{ content: 'a back\\slash%' }])
      expect(await search('k\\%')).toEqual([])
      expect(await search('  ')).toEqual([])
      const { body: direct } = await ada.send<Room>('POST', 'direct', { user_id: grace.id })
      await grace.post(direct.id, 'between the two of us')
      expect(await search('two of us')).toMatchObject([{ room_name: grace.name, author: { id: grace.id } }])
      expect((await ada.get(`messages/search?q=sure&room=${hidden.id}`)).body).toEqual({ messages: [] })
      expect((await ada.get('messages/search?q=%00')).status).toBe(400)
      expect((await ada.get(`messages/search?q=${'x'.repeat(101)}`)).status).toBe(400)
    })
  })
})
