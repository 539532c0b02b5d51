// What both drivers have in common, played over each of them.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EventStage, settle, type EventPeer } from '../testing/event-peers.ts'
import { TestClock } from '../testing/test-clock.ts'
import type { InstanceOptions } from './instance.ts'
import type { Driver } from './types.ts'

const byHeader = (request: Request): string | null => request.headers.get('x-user')
const as = (user: string) => ({ headers: { 'x-user': user } })

describe.each<Driver>(['sse', 'websocket'])('%s', (driver) => {
  let clock: TestClock
  let stage: EventStage

  const start = (options: InstanceOptions = {}): EventStage['instance']['face'] => {
    stage = new EventStage(clock, { driver, authenticate: byHeader, allowAnonymous: true, ...options })
    return stage.instance.face
  }
  const heard = (peer: EventPeer) => peer.events.map(({ event, data }) => [event, data])

  beforeEach(() => {
    clock = new TestClock()
  })

  afterEach(() => stage.end())

  test('a broadcast reaches everybody, and says how many that is', async () => {
    const realtime = start()
    const peers = [await stage.open(), await stage.open(as('ann'))]
    expect(await realtime.broadcast({ event: 'order', data: { id: 1 } })).toBe(2)
    await settle(clock)
    for (const peer of peers) expect(heard(peer)).toEqual([['order', { id: 1 }]])
  })

  test('nobody there is no failure', async () => {
    const realtime = start()
    expect(await realtime.broadcast({ event: 'order', data: 1 })).toBe(0)
    expect(await realtime.sendTo('ann', { event: 'order', data: 1 })).toBe(0)
    expect(await realtime.toChannel('a').broadcast({ event: 'order', data: 1 })).toBe(0)
  })

  test('sendTo reaches every connection of a user, or one connection, and nobody else', async () => {
    const realtime = start()
    const [one, two, other, nobody] = [
      await stage.open(as('ann')),
      await stage.open(as('ann')),
      await stage.open(as('bob')),
      await stage.open(),
    ]
    expect(await realtime.sendTo('ann', { event: 'mine', data: 1 })).toBe(2)
    expect(await realtime.sendTo(two.connection, { event: 'this', data: 2 })).toBe(1)
    expect(await realtime.sendTo('', { event: 'mine', data: 3 })).toBe(0)
    await settle(clock)
    expect(heard(one)).toEqual([['mine', 1]])
    expect(heard(two)).toEqual([
      ['mine', 1],
      ['this', 2],
    ])
    expect(heard(other)).toEqual([])
    expect(heard(nobody)).toEqual([])
  })

  test('a channel is heard by those who are in it, until they leave', async () => {
    const realtime = start()
    const [inside, outside] = [await stage.open({ channels: ['orders'] }), await stage.open()]
    expect(await realtime.toChannel('orders').broadcast({ event: 'order', data: 1 })).toBe(1)
    expect(inside.connection.channels).toEqual(['orders'])
    expect(inside.connection.leave('orders')).toBe(true)
    expect(inside.connection.leave('orders')).toBe(false)
    expect(await realtime.toChannel('orders').broadcast({ event: 'order', data: 2 })).toBe(0)
    await settle(clock)
    expect(heard(inside)).toEqual([['order', 1]])
    expect(heard(outside)).toEqual([])
  })

  test('a connection hears everything in the order in which it was sent, whomever it was for', async () => {
    const realtime = start()
    const peer = await stage.open({ ...as('ann'), channels: ['a', 'b'] })
    const to = {
      all: (n: number) => realtime.broadcast({ event: 'n', data: n }),
      a: (n: number) => realtime.toChannel('a').broadcast({ event: 'n', data: n }),
      b: (n: number) => realtime.toChannel('b').broadcast({ event: 'n', data: n }),
      user: (n: number) => realtime.sendTo('ann', { event: 'n', data: n }),
      one: (n: number) => realtime.sendTo(peer.connection, { event: 'n', data: n }),
    }
    const ways = Object.values(to)
    const count = 200
    for (let n = 0; n < count; n++) void ways[(n * 7 + (n >> 2)) % ways.length]?.(n)
    await settle(clock)
    expect(peer.events.map(({ data }) => data)).toEqual(Array.from({ length: count }, (_, n) => n))
  })

  test('authorize and onJoin decide who is in a channel, by exact name first', async () => {
    const realtime = start()
    const asked: unknown[] = []
    realtime.channel('room:*', {
      authorize: async ({ userId, channel }) => {
        asked.push([userId, channel])
        return userId === 'ann'
      },
      onJoin: (connection, userId, channel) => {
        asked.push(['join', connection.userId === userId, channel])
        return channel !== 'room:closed'
      },
    })
    realtime.channel('room:open', {})
    const [ann, bob] = [await stage.open(as('ann')), await stage.open(as('bob'))]
    expect(await ann.connection.join('room:1')).toBe(true)
    expect(await ann.connection.join('room:1')).toBe(true)
    expect(await ann.connection.join('room:closed')).toBe(false)
    expect(await bob.connection.join('room:1')).toBe(false)
    expect(await bob.connection.join('room:open')).toBe(true)
    expect(asked).toEqual([
      ['ann', 'room:1'],
      ['join', true, 'room:1'],
      ['ann', 'room:closed'],
      ['join', true, 'room:closed'],
      ['bob', 'room:1'],
    ])
    expect([realtime.count({ channel: 'room:1' }), realtime.count({ channel: 'room:closed' })]).toEqual([1, 0])
  })

  test.each([
    ['authorize throws', { authorize: () => Promise.reject(new Error('no database')) }],
    ['authorize gives nothing', { authorize: (() => undefined) as unknown as () => boolean }],
    [
      'onJoin throws',
      {
        onJoin: () => {
          throw new Error('no database')
        },
      },
    ],
  ])('nobody is let in when %s, and the connection stays', async (name, hooks) => {
    const realtime = start()
    realtime.channel('room', hooks)
    const peer = await stage.open()
    expect(await peer.connection.join('room')).toBe(false)
    expect(peer.connection.isOpen).toBe(true)
    await realtime.broadcast({ event: 'still', data: 'here' })
    await settle(clock)
    expect(heard(peer)).toEqual([['still', 'here']])
    const isFailure = !name.endsWith('nothing')
    expect(stage.logged.some(({ message }) => message.endsWith('failed'))).toBe(isFailure)
  })

  test('a handler that never answers is given up', async () => {
    const realtime = start({ handlerTimeout: 1000 })
    realtime.channel('room', { authorize: () => new Promise(() => {}) })
    const peer = await stage.open()
    const joined = peer.connection.join('room')
    clock.advance(1000)
    expect(await joined).toBe(false)
  })

  test('onLeave is told for everything that onJoin was told, however it ended', async () => {
    const realtime = start()
    const told: string[] = []
    let letIn: (() => void) | undefined
    const note =
      (what: string) =>
      (_connection: unknown, userId: string | undefined, channel: string): void => {
        told.push(`${what} ${userId} ${channel}`)
      }
    realtime.channel('a', { onJoin: note('join'), onLeave: note('leave') })
    realtime.channel('slow', {
      onJoin: (connection, userId, channel) => {
        note('join')(connection, userId, channel)
        return new Promise<void>((resolve) => (letIn = resolve))
      },
      onLeave: note('leave'),
    })
    const [ann, bob] = [
      await stage.open({ ...as('ann'), channels: ['a'] }),
      await stage.open({ ...as('bob'), channels: ['a'] }),
    ]
    ann.connection.leave('a')
    bob.vanish()
    await settle(clock)
    const joining = ann.connection.join('slow')
    await settle(clock)
    ann.vanish()
    letIn?.()
    expect(await joining).toBe(false)
    await settle(clock)
    expect(told).toEqual(['join ann a', 'join bob a', 'leave ann a', 'leave bob a', 'join ann slow', 'leave ann slow'])
  })

  test('a join that is asked for twice happens once, and one that is left meanwhile comes to nothing', async () => {
    const realtime = start()
    const told: string[] = []
    let letIn: (() => void) | undefined
    realtime.channel('a', {
      onJoin: () => {
        told.push('join')
        return new Promise<void>((resolve) => (letIn = resolve))
      },
      onLeave: () => void told.push('leave'),
    })
    const { connection } = await stage.open()
    const both = [connection.join('a'), connection.join('a')]
    letIn?.()
    expect(await Promise.all(both)).toEqual([true, true])
    expect(told).toEqual(['join'])
    connection.leave('a')
    const cancelled = connection.join('a')
    expect(connection.leave('a')).toBe(false)
    letIn?.()
    expect(await cancelled).toBe(false)
    expect(told).toEqual(['join', 'leave', 'join', 'leave'])
    expect(realtime.count({ channel: 'a' })).toBe(0)
  })

  test('who leaves while a join is asked for and joins again asks anew', async () => {
    const realtime = start()
    const answers: ((answer: boolean) => void)[] = []
    realtime.channel('a', { authorize: () => new Promise<boolean>((resolve) => answers.push(resolve)) })
    const { connection } = await stage.open()
    const first = connection.join('a')
    connection.leave('a')
    const second = connection.join('a')
    for (const answer of answers) answer(true)
    expect(await Promise.all([first, second])).toEqual([false, true])
    expect(connection.channels).toEqual(['a'])
  })

  test('a hook that joins the channel it is asked about is not in it by that', async () => {
    const realtime = start()
    const inside: Promise<boolean>[] = []
    realtime.channel('a', {
      onJoin: (connection) => {
        inside.push(connection.join('a'))
        return false
      },
    })
    const { connection } = await stage.open()
    expect(await connection.join('a')).toBe(false)
    expect(await Promise.all(inside)).toEqual([false])
  })

  test('of several patterns the longest counts, in whatever order they came', async () => {
    const realtime = start()
    realtime.channel('room:*', { authorize: () => true })
    realtime.channel('room:vip:*', { authorize: () => false })
    realtime.channel('*', { authorize: () => false })
    const { connection } = await stage.open()
    expect(await connection.join('room:1')).toBe(true)
    expect(await connection.join('room:vip:1')).toBe(false)
    expect(await connection.join('else')).toBe(false)
  })

  test('counts connections, of a user and in a channel, and join, leave and disconnect take a user', async () => {
    const realtime = start()
    const peers = [await stage.open(as('ann')), await stage.open(as('ann')), await stage.open(as('bob'))]
    expect([realtime.count(), realtime.count({ userId: 'ann' }), realtime.count({ userId: 'eve' })]).toEqual([3, 2, 0])
    expect(await realtime.join('ann', 'vip')).toBe(2)
    expect(realtime.count({ channel: 'vip' })).toBe(2)
    expect(realtime.leave('ann', 'vip')).toBe(2)
    expect(realtime.count({ channel: 'vip' })).toBe(0)
    expect(realtime.disconnect('ann')).toBe(2)
    await settle(clock)
    expect(peers.map(({ connection }) => connection.isOpen)).toEqual([false, false, true])
    expect(peers.map(({ isClosed }) => isClosed)).toEqual([true, true, false])
  })

  test('idle connections get a sign of life with every heartbeat', async () => {
    start({ heartbeat: 30_000 })
    const peer = await stage.open()
    for (let beat = 0; beat < 5; beat++) {
      clock.advance(30_100)
      await settle(clock)
    }
    expect(peer.heartbeats).toBe(5)
    expect(peer.connection.isOpen).toBe(true)
  })

  test.each([
    ['', /needs a name/],
    ['a\nb', /one line/],
    ['a\r', /one line/],
    ['a\u0000', /one line/],
    ['error', /browsers or the toolkit/],
    ['open', /browsers or the toolkit/],
    ['joined', /browsers or the toolkit/],
  ])('an event named %j is refused, and nothing is sent', async (event, why) => {
    const realtime = start()
    const peer = await stage.open()
    await expect(realtime.broadcast({ event, data: 1 })).rejects.toThrow(why)
    await expect(realtime.sendTo(peer.connection, { event, data: 1 })).rejects.toThrow(TypeError)
    await realtime.broadcast({ event: 'fine', data: 2 })
    await settle(clock)
    expect(heard(peer)).toEqual([['fine', 2]])
  })

  test('data that has no form in JSON is refused; what JSON can say comes as it is', async () => {
    const realtime = start()
    const peer = await stage.open()
    const circle: { self?: unknown } = {}
    circle.self = circle
    await expect(realtime.broadcast({ event: 'a', data: circle })).rejects.toThrow(/event 'a' can't be written as JSON/)
    await expect(realtime.broadcast({ event: 'a', data: 1n })).rejects.toThrow(/JSON/)
    const texts = ['line\nbreak\r\u2028', '{"join":"a"}', ':', 'data: x', '\ud83d\ude80', null, [undefined], undefined]
    for (const data of texts) await realtime.broadcast({ event: 'text', data })
    await settle(clock)
    expect(peer.events.map(({ data }) => data)).toEqual([...texts.slice(0, -2), [null], null])
  })

  test('a promise that nobody waits for ends no process: its failure is logged', async () => {
    const realtime = start()
    void realtime.broadcast({ event: 'a\nb', data: 1 })
    await settle(clock)
    expect(stage.logged.at(-1)?.message).toBe('createRealtime: sending failed')
  })

  test('one connection more than maxConnections is answered 503; a place that is freed can be taken', async () => {
    start({ maxConnections: 2 })
    const ask = async (): Promise<Response> => {
      if (driver === 'sse') return (await stage.openSse({}, false)).response
      const socket = await stage.openSocket()
      return socket instanceof Response ? socket : new Response()
    }
    const [first] = [await stage.open(), await stage.open()]
    const refused = await ask()
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(await refused.text()).toMatch(/no place for another connection: maxConnections is 2/)
    first?.vanish()
    await settle(clock)
    expect((await ask()).status).toBe(200)
  })

  test('who authenticate knows not is refused, unless anonymous connections are allowed', async () => {
    start({ allowAnonymous: false })
    const status = async (headers: Record<string, string>): Promise<number> => {
      if (driver === 'sse') return (await stage.openSse({ headers })).response.status
      const socket = await stage.openSocket({ headers })
      return socket instanceof Response ? socket.status : 200
    }
    expect(await status({})).toBe(401)
    expect(await status({ 'x-user': 'ann' })).toBe(200)
    expect(await status({ 'x-user': 'ann', origin: 'https://evil.test' })).toBe(403)
    expect(await status({ 'x-user': 'ann', origin: 'http://app.test' })).toBe(200)
  })

  test('one that authenticate never answers for is answered', async () => {
    start({ authenticate: () => new Promise<string>(() => {}), handlerTimeout: 300 })
    const asked = driver === 'sse' ? stage.openSse({}, false) : stage.openSocket()
    await settle(clock)
    clock.advance(300)
    const answer = await asked
    const { status } = answer instanceof Response ? answer : 'response' in answer ? answer.response : new Response()
    expect([status, stage.instance.face.count()]).toEqual([500, 0])
    expect(stage.logged.map(({ message }) => message)).toEqual(['createRealtime: authenticate failed'])
  })

  test.each([
    ['a misspelt hook', () => stage.instance.face.channel('a', { authorise: () => false } as never), /no 'authorise'/],
    [
      'a hook that is none',
      () => stage.instance.face.channel('a', { onJoin: 1 } as never),
      /onJoin must be a function/,
    ],
    ['no hooks at all', () => stage.instance.face.channel('a', null as never), /an object with any of authorize/],
    ['a misspelt close', () => stage.instance.face.close({ spread: 1 } as never), /no 'spread'/],
    ['a count of what is nothing', () => stage.instance.face.count({ user: 'ann' } as never), /no 'user'/],
    ['a count of text', () => stage.instance.face.count('ann' as never), /an object with any of userId, channel/],
    ['a user who is a number', () => stage.instance.face.disconnect(5 as never), /a user id \(text\)/],
    [
      'a request of Node’s',
      () => (driver === 'sse' ? stage.instance.face.sse : stage.instance.face.upgrade)({ headers: {} } as never),
      /NodeRequest/,
    ],
  ])('%s is refused by name', (_name, call, message) => {
    start()
    expect(call).toThrow(TypeError)
    expect(call).toThrow(message)
  })

  test('close says goodbye, refuses newcomers, and may be called twice', async () => {
    const realtime = start()
    const peer = await stage.open()
    const closing = realtime.close()
    await settle(clock)
    expect(peer.isClosed).toBe(true)
    peer.vanish()
    await Promise.all([closing, realtime.close()])
    // Browsers never come back from 503, but from a stream that ends at once.
    const late = driver === 'sse' ? (await stage.openSse({}, false)).response : ((await stage.openSocket()) as Response)
    const answers = {
      sse: [200, 'close', 'retry: 2500\n\n'],
      websocket: [503, null, expect.stringMatching(/going down/)],
    }
    expect([late.status, late.headers.get('connection'), await late.text()]).toEqual(answers[driver])
    expect(await realtime.broadcast({ event: 'late', data: 1 })).toBe(0)
  })

  test('the other driver is named when its method is called', () => {
    const realtime = start()
    const other = driver === 'sse' ? 'upgrade' : 'sse'
    expect(() => realtime[other](stage.request())).toThrow(`driver: '${driver === 'sse' ? 'websocket' : 'sse'}'`)
  })
})
