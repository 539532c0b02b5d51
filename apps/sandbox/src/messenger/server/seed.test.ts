import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FoundRoom, Member, MessagePage } from '../model.ts'
import { idOf, readPlan, seed, SeedError } from './seed.ts'
import { engines, startBackend, type Engine } from './testing/backend.ts'

describe.each(engines)('a seeded town on $name', ({ start, needs }) => {
  describe('has', needs, () => {
    let engine: Engine
    beforeAll(async () => {
      engine = await start()
    })
    afterAll(() => engine.stop())

    test('people, rooms and messages as a server would have made them; the same again adds nothing', async () => {
      const plan = readPlan({ users: '1200', rooms: '20x2, 1100x1', messages: '1050' })
      const first = await seed(engine.database.query, plan)
      expect(first.added).toEqual({ users: 1200, members: 1140, messages: 3150 })
      expect(first.rooms.map(({ name, members }) => [name, members])).toEqual([
        ['Town of 20', 20],
        ['Town of 20, no. 2', 20],
        ['Town of 1,100', 1100],
      ])
      const again = await seed(engine.database.query, plan)
      expect(again).toEqual({ added: { users: 0, members: 0, messages: 0 }, rooms: first.rooms })

      const backend = await startBackend(engine)
      const ada = await backend.newPerson('Ada')
      const id = first.rooms[2]?.id
      expect((await ada.send('POST', `rooms/${id}/join`)).body).toMatchObject({
        room: { member_count: 1101, last_seq: 1050, version: 1052, last_message: { seq: 1050, version: 1051 } },
      })
      const { body } = await ada.get<MessagePage>(`rooms/${id}/messages?before=1001&limit=100`)
      expect(body.messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, index) => index + 901))
      expect(body.messages[0]?.author?.name).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/)
      expect((await ada.post(id ?? 0, 'hello')).body).toMatchObject({ seq: 1051, version: 1053 })
      const found = await ada.get<{ rooms: FoundRoom[] }>('rooms/search?q=town')
      expect(found.body.rooms).toHaveLength(3)
      const members = await ada.get<{ members: Member[] }>(`rooms/${id}/members`)
      expect(members.body.members).toHaveLength(100)
      await backend.close()
    })
  })
})

describe('a plan', () => {
  test.each([
    [{ users: 'ten' }, '--users is "ten"'],
    [{ users: '-1' }, '--users is "-1"'],
    [{ users: '1000001' }, 'up to 1000000'],
    [{ messages: '1.5' }, '--messages is "1.5"'],
    [{ rooms: '100' }, '--rooms is "100"; it must be members and number, such as 100x3,1000x1.'],
    [{ rooms: '0x1' }, '--rooms is "0x1"'],
    [{ rooms: '2000x1' }, 'needs --users 2000'],
    [{ rooms: '1x501' }, 'makes 501 rooms, and a person can be in 500'],
  ])('of %j is refused with what to write', (change, words) => {
    const read = () => readPlan({ users: '1000', rooms: '10x1', messages: '0', ...change })
    expect(read).toThrow(SeedError)
    expect(read).toThrow(words)
  })

  test('numbers people so that they sort as they count', () => {
    const ids = [0, 9, 10, 99_999, 999_999].map(idOf)
    expect(ids).toEqual(ids.toSorted())
  })
})
