// The types of `createRealtime`, checked when this file is compiled; what validators do is checked when it runs.
import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { createRealtime } from './create-realtime.ts'
import type { EventsOf } from './types.ts'

interface Order {
  readonly id: number
}
interface AppEvents {
  order: Order
  note: string
}

const request = (): Request => new Request('http://app.test/events')

test('a map of events types everything that sends', async () => {
  const realtime = createRealtime<{ order: Order; note: string }>()
  await realtime.broadcast({ event: 'order', data: { id: 1 } })
  // @ts-expect-error -- the payload of another event
  await realtime.broadcast({ event: 'order', data: 'text' })
  // @ts-expect-error -- no such event
  await realtime.broadcast({ event: 'nothing', data: 1 })
  // @ts-expect-error -- the payload of another event
  await realtime.toChannel('a').broadcast({ event: 'note', data: 1 })
  // @ts-expect-error -- the payload of another event
  await realtime.sendTo('ann', { event: 'note', data: { id: 1 } })
  const { stream } = realtime.sse(request())
  // @ts-expect-error -- the payload of another event
  stream.send({ event: 'note', data: 1 })
  expect(stream.send({ event: 'note', data: 'text', id: 'a' })).toBe(true)
  expectTypeOf<EventsOf<typeof realtime>>().toEqualTypeOf<{ order: Order; note: string }>()
  await realtime.close()
})

test('an interface will do for the map, and without one every event may be sent', async () => {
  const typed = createRealtime<AppEvents>()
  expectTypeOf(typed.broadcast).toBeFunction()
  const realtime = createRealtime()
  expect(await realtime.broadcast({ event: 'anything', data: { at: 'all' } })).toBe(0)
  await Promise.all([typed.close(), realtime.close()])
})

test('an authenticate with a promise makes sse and upgrade give promises', async () => {
  const later = createRealtime({ authenticate: async () => 'ann' })
  expectTypeOf(later.sse).returns.toExtend<Promise<{ response: Response }>>()
  const { response, stream } = await later.sse(request())
  expect([response.status, stream.userId]).toEqual([200, 'ann'])
  const now = createRealtime({ authenticate: () => 'ann' })
  expectTypeOf(now.sse).returns.toExtend<{ response: Response }>()
  expect(now.sse(request()).stream.userId).toBe('ann')
  await Promise.all([later.close(), now.close()])
})

test('validators type the events, are asked before anything is sent, and may change it', async () => {
  const lines: string[] = []
  const logger = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (_: object, line: string) => void lines.push(line),
  }
  const realtime = createRealtime({
    logger,
    events: {
      order: z.object({ id: z.number().int() }),
      later: z.string().refine(async (text) => text !== 'bad'),
    },
  })
  expectTypeOf<EventsOf<typeof realtime>>().toEqualTypeOf<{ order: { id: number }; later: string }>()
  const { stream, response } = realtime.sse(request())
  // @ts-expect-error -- not a number
  expect(() => stream.send({ event: 'order', data: { id: 'one' } })).toThrow(/event 'order' is not valid: id: /)
  // @ts-expect-error -- no such event
  expect(() => stream.send({ event: 'other', data: 1 })).toThrow(/not among the events.*order, later/)
  // @ts-expect-error -- no such event, though every object has it
  expect(() => stream.send({ event: 'toString', data: 1 })).toThrow(/not among the events/)
  expect(() => stream.send({ event: 'later', data: 'good' })).toThrow(/answers later.*sendTo or broadcast/)
  expect(stream.send({ event: 'order', data: { id: 1, secret: true } as { id: number } })).toBe(true)
  await expect(realtime.broadcast({ event: 'order', data: { id: 1.5 } })).rejects.toThrow(/id: /)
  await expect(realtime.broadcast({ event: 'later', data: 'bad' })).rejects.toThrow(/'later' is not valid/)
  expect(await realtime.broadcast({ event: 'later', data: 'good' })).toBe(1)
  expect(lines).toEqual(['createRealtime: sending failed', 'createRealtime: sending failed'])
  await realtime.close()
  const text = await response.text()
  expect(text).toContain('event: order\ndata: {"id":1}\n')
  expect(text).toContain('event: later\ndata: "good"\n')
})

test('an instance with an id is the same for every module that asks, with the options of the last', async () => {
  const first = createRealtime({ id: 'shop', maxConnections: 1 })
  const { stream } = first.sse(request())
  const second = createRealtime({ id: 'shop', maxConnections: 2 })
  expect(second).toBe(first)
  expect(second.count()).toBe(1)
  expect(second.sse(request()).response.status).toBe(200)
  expect(() => createRealtime({ id: 'shop', driver: 'websocket' })).toThrow(/id 'shop' already.*'sse'/)
  await first.close()
  expect(stream.isOpen).toBe(false)
  const third = createRealtime({ id: 'shop' })
  expect(third).not.toBe(first)
  await third.close()
})

test.each([
  [{ driver: 'polling' }, /driver must be 'sse' or 'websocket', not 'polling'/],
  [{ heartbeat: 5 }, /heartbeat must be a whole number from 100/],
  [{ heartbeat: Number.NaN }, /heartbeat/],
  [{ maxConnections: 0 }, /maxConnections must be a whole number from 1 /],
  [{ history: { size: -1, ttl: 1 } }, /history\.size/],
  [{ history: { size: 1, ttl: 0 } }, /history\.ttl/],
  [{ allowedOrigins: 'https://a.test' }, /allowedOrigins must be a list/],
  [{ allowedOrigins: ['https://a.test/'] }, /without a slash at the end, not 'https:\/\/a.test\/'/],
  [{ allowedOrigins: ['a.test'] }, /allowedOrigins must be a list of origins/],
  [{ authentcate: () => null }, /there is no 'authentcate'; what there is: authenticate, /],
  [{ authenticate: 'ann' }, /authenticate must be a function/],
  [{ events: { order: 5 } }, /events.order must be a Standard Schema validator/],
  [{ logger: {} }, /logger must be an object with debug, info, warn, error/],
  [{ id: 5 }, /id must be a name/],
  [{ crossws: 'yes' }, /crossws must be true or false, not 'yes'/],
  [{ history: 5 }, /history: an object with any of size, ttl is wanted, not 5/],
  [null, /an object with any of authenticate, .* is wanted, not null/],
  ['sse', /an object with any of authenticate/],
])('%j is refused in words that help', (options, why) => {
  expect(() => createRealtime(options as object)).toThrow(why)
})
