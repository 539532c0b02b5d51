import { expect, test } from 'vitest'
import { badge, pageTitle, unreadTotal } from './page-title.ts'

test('the title counts what is unread', () => {
  const rooms = [
    { last_seq: 5, read_seq: 3 },
    { last_seq: 5, read_seq: 5 },
    { last_seq: 2, read_seq: 1 },
  ]
  expect(unreadTotal(rooms)).toBe(3)
  expect(pageTitle(3)).toBe('(3) Backchannel messenger')
  expect(pageTitle(0)).toBe('Backchannel messenger')
  expect(badge(999)).toBe('999')
  expect(badge(1000)).toBe('999+')
})
