import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { pretendBrowser, pretendDocument } from '../../testing/browser-globals.ts'
import { Backoff } from './backoff.ts'

pretendBrowser()

let attempt: ReturnType<typeof vi.fn<() => void>>
beforeEach(() => {
  vi.useFakeTimers()
  attempt = vi.fn<() => void>()
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

test('the bound of the pauses doubles with every failure, up to the longest', () => {
  vi.spyOn(Math, 'random').mockReturnValue(1)
  const backoff = new Backoff(100, 1000, attempt)
  const pauses = Array.from({ length: 6 }, () => backoff.plan())
  expect(pauses).toEqual([200, 400, 800, 1000, 1000, 1000])
  for (let failure = 0; failure < 2000; failure++) backoff.plan()
  expect(backoff.plan()).toBe(1000)
  backoff.stop()
})

test('a pause is anything between the shortest and the bound', () => {
  const random = vi.spyOn(Math, 'random')
  const backoff = new Backoff(100, 1000, attempt)
  random.mockReturnValue(0)
  expect([backoff.plan(), backoff.plan(), backoff.plan()]).toEqual([100, 100, 100])
  random.mockReturnValue(0.5)
  expect(backoff.plan()).toBe(550)
  backoff.stop()
})

test('attempts once, when the pause is over', () => {
  vi.spyOn(Math, 'random').mockReturnValue(1)
  const backoff = new Backoff(100, 1000, attempt)
  backoff.plan()
  vi.advanceTimersByTime(199)
  expect(attempt).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(attempt).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(100_000)
  expect(attempt).toHaveBeenCalledTimes(1)
  backoff.stop()
})

test('a connection that lasted starts the pauses anew, one that broke at once does not', () => {
  vi.spyOn(Math, 'random').mockReturnValue(1)
  const backoff = new Backoff(100, 10_000, attempt)
  expect([backoff.plan(), backoff.plan()]).toEqual([200, 400])
  backoff.opened()
  vi.advanceTimersByTime(1000)
  expect(backoff.plan()).toBe(800)
  backoff.opened()
  vi.advanceTimersByTime(5000)
  expect([backoff.plan(), backoff.plan()]).toEqual([200, 400])
  backoff.stop()
})

test('coming back online ends the pause, and starts nothing when none is on', () => {
  const backoff = new Backoff(100, 1000, attempt)
  dispatchEvent(new Event('online'))
  expect(attempt).not.toHaveBeenCalled()
  backoff.plan()
  dispatchEvent(new Event('online'))
  dispatchEvent(new Event('online'))
  vi.advanceTimersByTime(10_000)
  expect(attempt).toHaveBeenCalledTimes(1)
  backoff.stop()
})

test('coming back to the page ends the pause, leaving it does not', () => {
  const page = pretendDocument()
  const backoff = new Backoff(100, 1000, attempt)
  backoff.plan()
  page.hide()
  expect(attempt).not.toHaveBeenCalled()
  page.show()
  expect(attempt).toHaveBeenCalledTimes(1)
  backoff.stop()
})

test('attempts nothing once it was stopped', () => {
  const page = pretendDocument()
  const backoff = new Backoff(100, 1000, attempt)
  backoff.plan()
  backoff.stop()
  dispatchEvent(new Event('online'))
  page.show()
  vi.advanceTimersByTime(100_000)
  expect(attempt).not.toHaveBeenCalled()
})
