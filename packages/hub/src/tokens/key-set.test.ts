import { beforeEach, describe, expect, test } from 'vitest'
import { Deadlines } from '../say/deadlines.ts'
import { TestClock } from '../testing/test-clock.ts'
import type { Keys } from './fetch-keys.ts'
import { KeySet } from './key-set.ts'

const hour = 60 * 60 * 1000

let clock: TestClock
let deadlines: Deadlines
let keySet: KeySet
let errors: unknown[]
/** Requests that wait for an answer, oldest first. */
let requests: { answer(...ids: string[]): void; fail(): void }[]
let asked: number

beforeEach(() => {
  clock = new TestClock()
  deadlines = new Deadlines(clock)
  errors = []
  requests = []
  asked = 0
  const fetch = (): Promise<Keys> => {
    asked++
    return new Promise((resolve, reject) => {
      requests.push({
        answer: (...ids) => resolve(new Map(ids.map((kid) => [kid, { kid, kty: 'RSA' }]))),
        fail: () => reject(new Error('down')),
      })
    })
  }
  keySet = new KeySet(clock, deadlines, fetch, (error) => errors.push(error))
})

/** Lets promises go on as far as they can. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

/** Asks for a key and answers the request that this makes. */
async function load(...ids: string[]): Promise<void> {
  const finding = keySet.find(ids[0] ?? 'none')
  await settle()
  requests.shift()?.answer(...ids)
  await finding
}

test('a key is fetched once and then known for an hour', async () => {
  await load('a', 'b')
  expect(keySet.find('a')).toEqual({ kid: 'a', kty: 'RSA' })
  expect(keySet.find('b')).toEqual({ kid: 'b', kty: 'RSA' })
  clock.advance(hour - 1)
  expect(keySet.find('a')).toEqual({ kid: 'a', kty: 'RSA' })
  expect(asked).toBe(1)
})

test('a thousand tokens at once make one request', async () => {
  const finding = Array.from({ length: 1000 }, async () => keySet.find('a'))
  await settle()
  expect(asked).toBe(1)
  requests.shift()?.answer('a')
  expect(new Set((await Promise.all(finding)).map((key) => key?.kid))).toEqual(new Set(['a']))
  expect(asked).toBe(1)
})

test('more than a thousand that wait are refused at once', async () => {
  const waiting = Array.from({ length: 1000 }, async () => keySet.find('a'))
  expect(keySet.find('a')).toBeUndefined()
  await settle()
  requests.shift()?.answer('a')
  await Promise.all(waiting)
  expect(keySet.find('a')).toBeDefined()
})

describe('a key that is not known', () => {
  test('is asked for again, and that a second after the last time', async () => {
    await load('a')
    const finding = keySet.find('b')
    await settle()
    expect(asked).toBe(1)
    clock.advance(999)
    await settle()
    expect(asked).toBe(1)
    clock.advance(1)
    await settle()
    expect(asked).toBe(2)
    requests.shift()?.answer('a', 'b')
    expect(await finding).toMatchObject({ kid: 'b' })
  })

  test('does not hold back those that are known', async () => {
    await load('a')
    void keySet.find('b')
    await settle()
    expect(keySet.find('a')).toMatchObject({ kid: 'a' })
  })

  test('makes a request a second at most, however many ids are made up', async () => {
    await load('a')
    for (let second = 1; second <= 20; second++) {
      for (let count = 0; count < 40; count++) void keySet.find(`made up ${second} ${count}`)
      await settle()
      clock.advance(1000)
      await settle()
      requests.shift()?.answer('a')
      await settle()
    }
    expect(asked).toBeLessThanOrEqual(21)
    expect(keySet.find('a')).toMatchObject({ kid: 'a' })
  })

  test('is not looked for in an answer that may be older than it', async () => {
    const first = keySet.find('a')
    await settle()
    // The endpoint has answered already, and publishes another key while the answer is on its way.
    const second = keySet.find('b')
    requests.shift()?.answer('a')
    expect(await first).toMatchObject({ kid: 'a' })
    await settle()
    clock.advance(1000)
    await settle()
    expect(asked).toBe(2)
    requests.shift()?.answer('a', 'b')
    expect(await second).toMatchObject({ kid: 'b' })
  })

  test('that came with the request under way needs no other', async () => {
    const first = keySet.find('a')
    await settle()
    const second = keySet.find('b')
    requests.shift()?.answer('a', 'b')
    expect(await first).toMatchObject({ kid: 'a' })
    expect(await second).toMatchObject({ kid: 'b' })
    expect(asked).toBe(1)
  })

  test('and can not be had is none', async () => {
    const finding = keySet.find('a')
    await settle()
    requests.shift()?.fail()
    expect(await finding).toBeUndefined()
    expect(errors).toHaveLength(1)
  })
})

describe('an old key', () => {
  beforeEach(async () => {
    await load('a')
    clock.advance(hour)
  })

  test('is asked for again, and gone when it is not there any more', async () => {
    const finding = keySet.find('a')
    await settle()
    expect(asked).toBe(2)
    requests.shift()?.answer('b')
    await settle()
    // Not there: perhaps the answer was older than the token.
    clock.advance(1000)
    await settle()
    requests.shift()?.answer('b')
    expect(await finding).toBeUndefined()
  })

  test('stays good when nobody answers, with a try every half minute', async () => {
    const finding = keySet.find('a')
    await settle()
    requests.shift()?.fail()
    expect(await finding).toMatchObject({ kid: 'a' })
    expect(asked).toBe(2)
    clock.advance(29_999)
    expect(keySet.find('a')).toMatchObject({ kid: 'a' })
    clock.advance(1)
    const again = keySet.find('a')
    await settle()
    expect(asked).toBe(3)
    requests.shift()?.fail()
    expect(await again).toMatchObject({ kid: 'a' })
    expect(errors).toHaveLength(2)
  })

  test('is good no longer than four hours', async () => {
    clock.advance(3 * hour - 1)
    const before = keySet.find('a')
    await settle()
    requests.shift()?.fail()
    expect(await before).toMatchObject({ kid: 'a' })
    clock.advance(1)
    const after = keySet.find('a')
    await settle()
    clock.advance(1000)
    await settle()
    requests.shift()?.fail()
    expect(await after).toBeUndefined()
  })
})

test('who waits for the next request goes on when the hub closes', async () => {
  await load('a')
  const finding = keySet.find('b')
  await settle()
  deadlines.close()
  await settle()
  requests.shift()?.fail()
  expect(await finding).toBeUndefined()
  expect(clock.pending).toBe(0)
})
