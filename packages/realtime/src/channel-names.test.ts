import { describe, expect, test } from 'vitest'
import { personalChannel } from './channel-names.ts'

describe('personalChannel', () => {
  test('is personal:<userId>', () => {
    const channel: `personal:${string}` = personalChannel('42')
    expect(channel).toBe('personal:42')
  })

  test.each(['a:b', '$a', 'a$b', 'ada@example.test', 'a b', 'x'.repeat(246)])('takes %j as it is', (userId) => {
    expect(personalChannel(userId)).toBe(`personal:${userId}`)
  })

  test.each(['', 'x#42', 'é', 'a\nb', 'a\u0000', 'x'.repeat(247)])('refuses %j', (userId) => {
    expect(() => personalChannel(userId)).toThrow(RangeError)
  })
})
