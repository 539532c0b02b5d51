import { beforeEach, expect, test } from 'vitest'
import { Keepalive } from './keepalive.ts'
import { TestClock } from '../testing/test-clock.ts'

let clock: TestClock
let keepalive: Keepalive

beforeEach(() => {
  clock = new TestClock()
  keepalive = new Keepalive(clock)
})

function ringing(name: string, log: string[]): { onAlarm: () => void } {
  return { onAlarm: () => log.push(`${name}@${clock.monotonic()}`) }
}

test('alarms ring in order, at their time or up to 100 ms later, with one timer armed', () => {
  const log: string[] = []
  keepalive.plan(ringing('b', log), 2050)
  keepalive.plan(ringing('a', log), 1000)
  expect(clock.pending).toBe(1)
  clock.advance(3000)
  expect(log).toEqual(['a@1000', 'b@2100'])
  expect(keepalive.size).toBe(0)
  expect(clock.pending).toBe(0)
})

test('planning again moves an alarm, to earlier and to later', () => {
  const log: string[] = []
  const alarm = ringing('a', log)
  keepalive.plan(alarm, 5000)
  keepalive.plan(alarm, 1000)
  clock.advance(1000)
  keepalive.plan(alarm, 2000)
  keepalive.plan(alarm, 3000)
  clock.advance(5000)
  expect(log).toEqual(['a@1000', 'a@3000'])
})

test('one that rings may cancel one of the same moment', () => {
  const log: string[] = []
  const second = ringing('second', log)
  keepalive.plan({ onAlarm: () => keepalive.cancel(second) }, 1000)
  keepalive.plan(second, 1000)
  clock.advance(2000)
  expect(log).toEqual([])
})

test('an alarm that is always late rings once per 100 ms and not for ever', () => {
  let rings = 0
  const alarm = {
    onAlarm: () => {
      rings++
      keepalive.plan(alarm, 0)
    },
  }
  keepalive.plan(alarm, 0)
  clock.advance(1000)
  expect(rings).toBe(10)
})

test('nothing is planned further than a minute ahead: who asked for more is asked again', () => {
  let rings = 0
  const alarm = {
    onAlarm: () => {
      rings++
      if (clock.monotonic() < 90_000) keepalive.plan(alarm, 90_000)
    },
  }
  keepalive.plan(alarm, 90_000)
  clock.advance(120_000)
  expect(rings).toBe(2)
})

test('cancelling the last one leaves no timer', () => {
  const alarm = ringing('a', [])
  keepalive.plan(alarm, 1000)
  keepalive.cancel(alarm)
  expect(clock.pending).toBe(0)
})
