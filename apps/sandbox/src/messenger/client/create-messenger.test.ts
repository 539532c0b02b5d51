import { createConnection, personalChannel } from '@backchannel/realtime/client'
import { issueConnectionToken, issueSubscriptionToken, realtimeWsUrl } from '@backchannel/realtime'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RealTimeEvent } from '../model.ts'
import { engines, origin, startBackend, startTestHub } from '../server/testing/backend.ts'
import type { Backend, Caller, Engine } from '../server/testing/backend.ts'
import { createMessenger } from './create-messenger.ts'
import type { OpenPersonalChannel, PersonalChannelOptions } from './personal-channel.ts'
import type { Messenger } from './types.ts'

const [pglite] = engines

/** One page: a messenger over the real API and the real hub, whose line and events a test can take away. */
interface Page {
  readonly messenger: Messenger
  readonly storage: Storage
  /** What the API was asked, and nothing else. */
  readonly asked: string[]
  /** Requests fail as without a network. */
  offline: boolean
  /** Events do not arrive, and nobody knows. */
  deaf: boolean
  /** How many did not. */
  missed: number
  /** Milliseconds that the next requests take, one each. */
  readonly delays: number[]
  /** What the browser sends along. */
  cookie: string
  /** How often the session was said to be over. */
  unauthorized: number
  /** What the client says when it could not recover. */
  notRecovered(): void
  close(): void
}

let engine: Engine
let stopHub: () => Promise<void>
let backend: Backend
const pages: Page[] = []

beforeAll(async () => {
  engine = await (pglite as (typeof engines)[number]).start()
  stopHub = await startTestHub()
  backend = await startBackend(engine)
})
afterAll(async () => {
  await backend.close()
  await stopHub()
  await engine.stop()
})
afterEach(() => {
  for (const page of pages.splice(0)) page.close()
})

function memoryStorage(): Storage {
  const entries = new Map<string, string>()
  return {
    get length() {
      return entries.size
    },
    key: (index) => [...entries.keys()][index] ?? null,
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: (key) => void entries.delete(key),
    clear: () => entries.clear(),
  }
}

function openPage(person: Caller, storage = memoryStorage()): Page {
  let told: PersonalChannelOptions | undefined
  const openChannel: OpenPersonalChannel = (options) => {
    told = options
    const channel = personalChannel(person.id)
    const connection = createConnection({ url: realtimeWsUrl(), token: issueConnectionToken(person.id) })
    connection.subscribe<string, RealTimeEvent>({
      channel,
      token: issueSubscriptionToken(person.id, channel),
      onMessage: (event) => {
        if (page.deaf) page.missed += 1
        else options.onEvent(event)
      },
      onSubscription: ({ state }) => {
        if (state === 'subscribed') options.onLive(false)
      },
    })
    return connection
  }
  const asked: string[] = []
  const page: Page = {
    storage,
    asked,
    offline: false,
    deaf: false,
    missed: 0,
    delays: [],
    cookie: person.cookie,
    unauthorized: 0,
    notRecovered: () => told?.onLive(false),
    messenger: undefined as unknown as Messenger,
    close: () => page.messenger.close(),
  }
  const fetch = async (path: string, init: RequestInit): Promise<Response> => {
    if (page.offline) throw new TypeError('fetch failed')
    asked.push(`${init.method} ${path}`)
    await sleep(page.delays.shift() ?? 0)
    const headers = { ...(init.headers as Record<string, string>), cookie: page.cookie, origin }
    const {
      status,
      body,
      headers: answered,
    } = await backend.request(
      new Request(`${origin}${path}`, { method: init.method ?? 'GET', headers, body: init.body ?? null }),
    )
    // The line may have gone while the server answered.
    if (page.offline) throw new TypeError('fetch failed')
    return new Response(status === 204 ? null : JSON.stringify(body), { status, headers: answered })
  }
  Object.assign(page, {
    messenger: createMessenger({
      me: person,
      fetch: fetch as typeof globalThis.fetch,
      storage,
      openChannel,
      onUnauthorized: () => (page.unauthorized += 1),
    }),
  })
  pages.push(page)
  return page
}

/** What is to come, on a busy machine too. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 10_000 })
const roomOf = ({ messenger }: Page, id: number) => messenger.getState().rooms.get(id)
const textsOf = (page: Page, id: number) => roomOf(page, id)?.messages?.map(({ content }) => content)
const isLive = (page: Page) =>
  eventually(() => [page.messenger.getState().connection, page.messenger.getState().ready]).toEqual(['live', true])

async function conversation() {
  const [ada, grace] = [await backend.newPerson('Ada'), await backend.newPerson('Grace')]
  const { id } = await ada.createRoom()
  await grace.send('POST', `rooms/${id}/join`)
  const [hers, theirs] = [openPage(ada), openPage(grace)]
  await isLive(hers)
  await isLive(theirs)
  return { ada, grace, id, hers, theirs }
}

/** Messages with the texts 1, 2, 3 … without their ways through the API, which take a while. */
async function isAlreadySaid(roomId: number, { id }: Caller, count: number): Promise<void> {
  await engine.database.query(
    `with said as (
       insert into message (room_id, seq, version, user_id, content, created_at)
       select room.id, last_seq + n, version + n, $2, n::text, now() from room, generate_series(1, $3::integer) as n
       where room.id = $1 order by n returning id, seq, version, created_at),
       last as (select * from said order by seq desc limit 1)
     update room set version = last.version, last_seq = last.seq, last_message_id = last.id, bumped_at = last.created_at
     from last where room.id = $1`,
    [roomId, id, count],
  )
}

describe('live', () => {
  test('what one writes the other has; unread counts until it is read, in every tab', async () => {
    const { grace, id, hers, theirs } = await conversation()
    const secondTab = openPage(grace)
    await isLive(secondTab)
    hers.messenger.open(id)
    // Behind the first one, however long that takes.
    hers.delays.push(100)
    hers.messenger.send(id, 'one')
    hers.messenger.send(id, 'two')
    expect(hers.messenger.getState().outgoing.map(({ content }) => content)).toEqual(['one', 'two'])

    const unread = (page: Page) => (roomOf(page, id)?.last_seq ?? 0) - (roomOf(page, id)?.read_seq ?? 0)
    await eventually(() => [unread(theirs), unread(secondTab)]).toEqual([2, 2])
    expect(roomOf(theirs, id)?.last_message?.content).toBe('two')
    await eventually(() => textsOf(hers, id)?.slice(-2)).toEqual(['one', 'two'])
    expect(hers.messenger.getState().outgoing).toEqual([])
    expect(unread(hers)).toBe(0)

    theirs.messenger.markRead(id, roomOf(theirs, id)?.last_seq ?? 0)
    await eventually(() => unread(secondTab)).toBe(0)
    // Heard, and asked for by nobody: one load of the rooms after the channel stood.
    expect(theirs.asked.filter((path) => path === 'GET /api/rooms')).toHaveLength(1)
  })

  test('a room that I am brought into, and out of', async () => {
    const { ada, grace, theirs } = await conversation()
    const { id } = await ada.createRoom('private')
    theirs.messenger.open(id)
    await eventually(() => theirs.messenger.getState().notMember.has(id)).toBe(true)
    await ada.send('POST', `rooms/${id}/members`, { user_id: grace.id })
    await eventually(() => textsOf(theirs, id)).toEqual(['Ada created the room.'])
    expect(theirs.messenger.getState().notMember.has(id)).toBe(false)
    await theirs.messenger.leave(id)
    await eventually(() => theirs.messenger.getState().notMember.has(id)).toBe(true)
    expect(roomOf(theirs, id)).toBeUndefined()
  })

  test('a message is edited and deleted for everybody, and a refusal has the server’s words', async () => {
    const { id, hers, theirs } = await conversation()
    hers.messenger.open(id)
    theirs.messenger.open(id)
    hers.messenger.send(id, 'teh')
    await eventually(() => textsOf(theirs, id)?.at(-1)).toBe('teh')
    const message = roomOf(theirs, id)?.messages?.at(-1)?.id ?? 0
    await hers.messenger.edit(id, message, 'the')
    await eventually(() => textsOf(theirs, id)?.at(-1)).toBe('the')
    await expect(theirs.messenger.edit(id, message, 'mine')).rejects.toMatchObject({ name: 'ApiError', status: 403 })
    await hers.messenger.remove(id, message)
    await eventually(() => roomOf(theirs, id)?.messages?.at(-1)?.deleted_at).toEqual(expect.any(String))
  })
})

describe('when events were lost', () => {
  test('joining a room that I am in already shows it', async () => {
    const { ada, grace, theirs } = await conversation()
    const { id } = await ada.createRoom()
    theirs.deaf = true
    await grace.send('POST', `rooms/${id}/join`)
    await eventually(() => theirs.missed).toBe(1)
    await theirs.messenger.join(id)
    expect(roomOf(theirs, id)?.member_count).toBe(2)
    await expect(theirs.messenger.join(id + 1000)).rejects.toMatchObject({ status: 404 })
  })

  test('what is shown is asked for in place: messages, changes, rooms that came and went', async () => {
    const { ada, grace, id, theirs } = await conversation()
    const elsewhere = await ada.createRoom()
    await grace.send('POST', `rooms/${elsewhere.id}/join`)
    theirs.messenger.open(id)
    theirs.messenger.setFollowing(id, true)
    const { body: first } = await ada.post(id, 'first')
    await eventually(() => textsOf(theirs, id)?.at(-1)).toBe('first')

    theirs.deaf = true
    await ada.send('PATCH', `rooms/${id}/messages/${first.id}`, { content: 'first, changed' })
    for (const text of ['second', 'third']) await ada.post(id, text)
    await grace.send('POST', `rooms/${elsewhere.id}/leave`)
    const brought = await ada.createRoom('private')
    await ada.send('POST', `rooms/${brought.id}/members`, { user_id: grace.id })
    await eventually(() => theirs.missed).toBeGreaterThanOrEqual(5)
    theirs.deaf = false
    theirs.notRecovered()

    await eventually(() => textsOf(theirs, id)?.slice(-3)).toEqual(['first, changed', 'second', 'third'])
    await eventually(() => [...theirs.messenger.getState().rooms.keys()].toSorted((a, b) => a - b)).toEqual([
      id,
      brought.id,
    ])
  })

  test('one that is missing is seen by the next, and loaded', async () => {
    const { ada, id, theirs } = await conversation()
    // In this order: a child's effects run before its parent's.
    theirs.messenger.setFollowing(id, true)
    theirs.messenger.open(id)
    await ada.post(id, 'heard')
    await eventually(() => textsOf(theirs, id)?.at(-1)).toBe('heard')
    theirs.deaf = true
    await ada.post(id, 'not heard')
    await eventually(() => theirs.missed).toBe(1)
    theirs.deaf = false
    await ada.post(id, 'heard again')
    await eventually(() => textsOf(theirs, id)?.slice(-3)).toEqual(['heard', 'not heard', 'heard again'])
  })

  test('a window grows with what is said while somebody reads elsewhere, and is cut where nobody looks', async () => {
    const { ada, id, theirs } = await conversation()
    const other = await ada.createRoom()
    await theirs.messenger.join(other.id)
    theirs.messenger.open(other.id)
    await eventually(() => textsOf(theirs, other.id)).toBeDefined()
    theirs.messenger.open(id)
    await eventually(() => textsOf(theirs, id)).toBeDefined()
    const first = roomOf(theirs, id)?.messages?.[0]?.seq
    theirs.messenger.setPlace(id, 1)
    for (let n = 0; n < 450; n++) await Promise.all([ada.post(id, `${n}`), ada.post(other.id, `${n}`)])
    await eventually(() => [roomOf(theirs, id)?.last_seq, roomOf(theirs, other.id)?.last_seq]).toEqual([451, 451])
    // What is read stays; of the room that was left open the newest stay.
    expect(roomOf(theirs, id)?.messages?.[0]?.seq).toBe(first)
    expect(roomOf(theirs, id)?.messages?.length).toBeLessThanOrEqual(400)
    expect(roomOf(theirs, other.id)?.messages?.at(-1)?.seq).toBe(451)
    expect(roomOf(theirs, other.id)?.messages?.length).toBeLessThanOrEqual(400)

    theirs.notRecovered()
    await eventually(() => theirs.messenger.getState().ready).toBe(true)
    expect(roomOf(theirs, id)?.messages?.[0]?.seq).toBe(first)
  })

  test('a database with less than what was heard is not asked for ever', async () => {
    const { ada, id, theirs } = await conversation()
    theirs.messenger.open(id)
    theirs.messenger.setFollowing(id, true)
    await ada.post(id, 'kept')
    await eventually(() => textsOf(theirs, id)?.at(-1)).toBe('kept')
    theirs.deaf = true
    await ada.post(id, 'not heard')
    await eventually(() => theirs.missed).toBe(1)
    theirs.deaf = false
    await ada.post(id, 'heard, and lost by the database')
    // As after a restore: the messages from here on are gone.
    await engine.database.query('delete from message where room_id = $1 and seq > 2', [id])
    await eventually(() => theirs.messenger.getState().loadFailures.get(id)).toBe(
      'The newest messages could not be found.',
    )
    const asked = theirs.asked.length
    await sleep(300)
    expect(theirs.asked.length).toBe(asked)
  })

  test('a page that could not be asked for anew is asked for again', async () => {
    const { ada, id, theirs } = await conversation()
    theirs.messenger.open(id)
    const { body: message } = await ada.post(id, 'to be deleted')
    await eventually(() => textsOf(theirs, id)?.at(-1)).toBe('to be deleted')
    theirs.deaf = true
    await ada.send('DELETE', `rooms/${id}/messages/${message.id}`)
    await eventually(() => theirs.missed).toBe(1)
    theirs.deaf = false
    theirs.offline = true
    theirs.notRecovered()
    await eventually(() => theirs.messenger.getState().connection).toBe('live')
    theirs.offline = false
    await eventually(() => roomOf(theirs, id)?.messages?.at(-1)?.deleted_at).toEqual(expect.any(String))
  })
})

describe('another person in the same browser', () => {
  test('nothing of mine is written in their name, and nothing of theirs is shown to me', async () => {
    const { ada, grace, id, hers } = await conversation()
    hers.offline = true
    hers.messenger.send(id, 'written by Ada')
    await eventually(() => hers.messenger.getState().outgoing[0]?.status).toBe('waiting')
    // Another tab signs Grace in: the cookie is the browser's.
    hers.cookie = grace.cookie
    hers.offline = false
    await eventually(() => hers.unauthorized).toBeGreaterThan(0)
    expect(hers.messenger.getState().outgoing).toHaveLength(1)
    hers.cookie = ada.cookie
    await eventually(() => hers.messenger.getState().outgoing).toEqual([])
    const { body } = await grace.get<{ messages: { author: { id: string } | null }[] }>(`rooms/${id}/messages`)
    expect(body.messages.at(-1)?.author?.id).toBe(ada.id)
  })
})

describe('without a network', () => {
  test('what is written waits in the browser, over a reload too, and goes out in order and once', async () => {
    const { ada, grace, id, hers, theirs } = await conversation()
    theirs.messenger.open(id)
    hers.offline = true
    for (const text of ['one', 'two', 'three']) hers.messenger.send(id, text)
    await eventually(() => hers.messenger.getState().outgoing.map(({ status }) => status)).toEqual([
      'waiting',
      'waiting',
      'waiting',
    ])
    expect(hers.storage.length).toBe(3)
    hers.close()

    // Two tabs find the same three, and the server writes each once.
    const again = [openPage(ada, hers.storage), openPage(ada, hers.storage)]
    await eventually(() => again.map(({ messenger }) => messenger.getState().outgoing.length)).toEqual([0, 0])
    await eventually(() => textsOf(theirs, id)?.slice(1)).toEqual(['one', 'two', 'three'])
    const { body } = await grace.get<{ messages: { content: string }[] }>(`rooms/${id}/messages`)
    expect(body.messages.map(({ content }) => content).slice(1)).toEqual(['one', 'two', 'three'])
    expect(hers.storage.length).toBe(0)
  })

  test('an answer that is lost is asked for again, with the same id', async () => {
    const { ada, id, hers } = await conversation()
    hers.messenger.open(id)
    hers.messenger.send(id, 'written, and not answered')
    // Under way now: the server writes it, and the answer does not come back.
    hers.offline = true
    hers.deaf = true
    await eventually(async () => (await ada.get<{ last_seq: number }>(`rooms/${id}`)).body.last_seq).toBe(2)
    expect(hers.messenger.getState().outgoing).toHaveLength(1)
    hers.offline = false
    await eventually(() => hers.messenger.getState().outgoing).toEqual([])
    expect((await ada.get<{ last_seq: number }>(`rooms/${id}`)).body.last_seq).toBe(2)
  })

  test('what is refused stays with its reason, and does not hold up the others', async () => {
    const { grace, id, theirs } = await conversation()
    theirs.messenger.send(id, 'x'.repeat(4001))
    theirs.messenger.send(id, 'short')
    await eventually(() =>
      theirs.messenger.getState().outgoing.map(({ status, failure }) => [status, failure]),
    ).toEqual([['failed', 'A message has at most 4000 characters.']])
    await grace.send('POST', `rooms/${id}/leave`)
    theirs.messenger.send(id, 'too late')
    await eventually(() => theirs.messenger.getState().outgoing.map(({ status }) => status)).toEqual([
      'failed',
      'failed',
    ])
    const [first, second] = theirs.messenger.getState().outgoing
    theirs.messenger.discard(first?.clientId ?? '')
    await grace.send('POST', `rooms/${id}/join`)
    theirs.messenger.retry(second?.clientId ?? '')
    await eventually(() => theirs.messenger.getState().outgoing).toEqual([])
    expect(theirs.storage.length).toBe(0)
  })

  test('the first load is tried again', async () => {
    const ada = await backend.newPerson('Ada')
    const { id } = await ada.createRoom()
    const page = openPage(ada)
    page.offline = true
    await eventually(() => page.messenger.getState().failure).toBe('The server could not be reached.')
    page.offline = false
    await eventually(() => roomOf(page, id)?.id).toBe(id)
    expect(page.messenger.getState().failure).toBeNull()
  })
})

describe('a long room', () => {
  test(
    'opens where reading ended, grows in both directions, and is cut at the end that nobody sees',
    { timeout: 60_000 },
    async () => {
      const { ada, id, theirs } = await conversation()
      await isAlreadySaid(id, ada, 699)
      await ada.post(id, '700')
      // In its own page: nothing was read since the beginning.
      await eventually(() => roomOf(theirs, id)?.last_seq).toBe(701)
      expect(roomOf(theirs, id)?.messages).toBeUndefined()
      theirs.messenger.open(id)
      await eventually(() => textsOf(theirs, id)?.[0]).toBe('Ada created the room.')
      const consecutive = () => {
        const seqs = roomOf(theirs, id)?.messages?.map(({ seq }) => seq) ?? []
        return seqs.every((seq, index) => seq === (seqs[0] ?? 0) + index) ? seqs.length : -1
      }
      while ((roomOf(theirs, id)?.messages?.at(-1)?.seq ?? 701) < 701) {
        theirs.messenger.loadNewer(id)
        await eventually(() => theirs.messenger.getState().loading.has(id)).toBe(false)
        expect(consecutive()).toBeGreaterThan(0)
        expect(consecutive()).toBeLessThanOrEqual(400)
      }
      expect(roomOf(theirs, id)?.messages?.[0]?.seq).toBeGreaterThan(1)

      theirs.messenger.setFollowing(id, true)
      await theirs.messenger.jumpTo(id, 100)
      await eventually(() => theirs.messenger.getState().loading.size).toBe(0)
      expect(textsOf(theirs, id)).toContain('99')
      expect(roomOf(theirs, id)?.messages?.at(-1)?.seq).toBeLessThan(701)
      // Behind a gap: it is not appended, and the end is a jump away.
      await ada.post(id, 'new')
      await eventually(() => roomOf(theirs, id)?.last_seq).toBe(702)
      expect(textsOf(theirs, id)).not.toContain('new')
      await theirs.messenger.jumpToEnd(id)
      expect(textsOf(theirs, id)?.at(-1)).toBe('new')
      expect(consecutive()).toBe(50)
    },
  )
})
