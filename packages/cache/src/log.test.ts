import { afterEach, expect, test, vi } from 'vitest'
import { createWarn } from './log.ts'
import { recordLog } from './testing/stores.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('tells each subject once a minute, and how often it was not told', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const { lines, logger } = recordLog()
  const warn = createWarn(logger)
  for (let i = 0; i < 5; i++) warn('down', 'is down')
  warn('up', 'is back', { after: 1 })
  vi.advanceTimersByTime(59_999)
  warn('down', 'is down')
  vi.advanceTimersByTime(1)
  warn('down', 'is down')
  expect(lines).toEqual([
    { fields: {}, message: '[cache] is down' },
    { fields: { after: 1 }, message: '[cache] is back' },
    { fields: { suppressed: 5 }, message: '[cache] is down' },
  ])
})

test('a logger that throws does not make a read throw', () => {
  const warn = createWarn({
    warn: () => {
      throw new Error('disk full')
    },
  })
  expect(() => warn('down', 'is down')).not.toThrow()
})

test('without a logger it is the console', () => {
  const spy = vi.spyOn(console, 'warn').mockReturnValue()
  createWarn()('down', 'is down', { port: 1 })
  expect(spy.mock.calls).toEqual([['[cache] is down', { port: 1 }]])
  spy.mockRestore()
})
