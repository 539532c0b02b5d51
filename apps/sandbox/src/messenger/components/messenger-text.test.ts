import { describe, expect, test } from 'vitest'
import type { Message } from '../model.ts'
import { hueOf, initialsOf } from './avatar-look.ts'
import { dayOf, shortDateOf } from './dates.ts'
import { messageRows } from './message-rows.ts'
import { badge, pageTitle, unreadTotal } from './page-title.ts'
import { plainText } from './plain-text.ts'
import { previewOf, typingLine } from './room-preview.ts'

const ada = { id: 'ada', name: 'Ada' }
const grace = { id: 'grace', name: 'Grace' }
const now = new Date(2026, 10, 21, 12, 0)

function message(seq: number, author: Message['author'], at: Date): Message {
  return {
    id: seq,
    room_id: 1,
    seq,
    version: seq,
    author,
    content: `Message ${seq}`,
    client_id: null,
    created_at: at.toISOString(),
    edited_at: null,
    deleted_at: null,
  }
}

describe('rows of messages', () => {
  const at = (minute: number, day = 21) => new Date(2026, 10, day, 11, minute)
  const shape = (messages: Message[], unreadFrom?: number) =>
    messageRows(messages, unreadFrom, now).map(
      ({ startsGroup, endsGroup }) => `${startsGroup ? '<' : '-'}${endsGroup ? '>' : '-'}`,
    )

  test('one person’s messages within five minutes are a group', () => {
    expect(shape([message(1, ada, at(0)), message(2, ada, at(4)), message(3, ada, at(8))])).toEqual(['<-', '--', '->'])
    expect(shape([message(1, ada, at(0)), message(2, ada, at(5))])).toEqual(['<>', '<>'])
  })

  test('another author, the room itself, and the unread line end one', () => {
    expect(shape([message(1, ada, at(0)), message(2, grace, at(1))])).toEqual(['<>', '<>'])
    expect(shape([message(1, null, at(0)), message(2, null, at(1))])).toEqual(['<>', '<>'])
    expect(shape([message(1, ada, at(0)), message(2, ada, at(1))], 2)).toEqual(['<>', '<>'])
  })

  test('midnight ends one, and a new day is named once', () => {
    const late = new Date(2026, 10, 20, 23, 59)
    const early = new Date(2026, 10, 21, 0, 1)
    const rows = messageRows([message(1, ada, late), message(2, ada, early), message(3, ada, early)], 2, now)
    expect(rows.map(({ day }) => day)).toEqual(['Yesterday', 'Today', undefined])
    expect(rows.map(({ isFirstUnread }) => isFirstUnread)).toEqual([false, true, false])
    expect(shape([message(1, ada, late), message(2, ada, early)])).toEqual(['<>', '<>'])
  })
})

describe('dates', () => {
  const iso = (year: number, month: number, day: number) => new Date(year, month - 1, day, 9, 5).toISOString()

  test('are as short as they can be', () => {
    expect(shortDateOf(iso(2026, 11, 21), now)).toBe('09:05')
    expect(shortDateOf(iso(2026, 11, 20), now)).toBe('Fri')
    expect(shortDateOf(iso(2026, 11, 14), now)).toBe('14 Nov')
    expect(shortDateOf(iso(2025, 11, 21), now)).toBe('21 Nov 2025')
  })

  test('of days are words', () => {
    expect(dayOf(iso(2026, 11, 22), now)).toBe('Today')
    expect(dayOf(iso(2026, 11, 20), now)).toBe('Yesterday')
    expect(dayOf(iso(2026, 11, 19), now)).toBe('Thursday 19 November')
    expect(dayOf(iso(2025, 11, 19), now)).toBe('19 November 2025')
  })
})

describe('avatars', () => {
  test.each([
    ['Ada Lovelace', 'AL'],
    ['grace', 'G'],
    ['  Jean  Luc Picard ', 'JP'],
    ['👩‍💻 Margaret', '👩‍💻M'],
    ['ﺎﺤﻣﺩ علي', 'ﺎع'],
    ['', '?'],
    ['   ', '?'],
  ])('%j is %j', (name, initials) => {
    expect(initialsOf(name)).toBe(initials)
  })

  test('a colour stays, and people differ', () => {
    expect(hueOf('ada')).toBe(hueOf('ada'))
    expect(new Set(Array.from({ length: 100 }, (_, index) => hueOf(`user-${index}`))).size).toBeGreaterThan(8)
  })
})

describe('plain text', () => {
  test.each([
    ['**bold** and _so_', 'bold and _so_'],
    ['# Title\n\ntext', 'Title text'],
    ['- one\n- two', 'one two'],
    ['> quoted', 'quoted'],
    ['[a link](https://example.com) here', 'a link here'],
    ['```js\nlet a\n```', 'let a'],
    ['`code` ~~gone~~', 'code gone'],
    ['a \\* b', 'a * b'],
    ['snake_case_name * 3', 'snake_case_name * 3'],
    ['<b>tags</b> stay', '<b>tags</b> stay'],
    ['\u0645\u0631\u062d\u0628\u0627', '\u0645\u0631\u062d\u0628\u0627'],
  ])('%j reads %j', (markdown, text) => {
    expect(plainText(markdown)).toBe(text)
  })

  test('is short, however long the message', () => {
    expect(plainText('word '.repeat(800)).length).toBeLessThanOrEqual(200)
  })

  test('a preview says who', () => {
    expect(previewOf(message(1, ada, now), 'ada')).toEqual({ author: 'You', text: 'Message 1' })
    expect(previewOf(message(1, grace, now), 'ada')).toEqual({ author: 'Grace', text: 'Message 1' })
    expect(previewOf({ ...message(1, null, now), deleted_at: now.toISOString() }, 'ada')).toEqual({
      author: undefined,
      text: 'Message deleted',
    })
    expect(previewOf(null, 'ada').text).toBe('No messages yet')
  })

  test('who types is named', () => {
    expect(typingLine([])).toBe('')
    expect(typingLine([ada])).toBe('Ada is typing')
    expect(typingLine([ada, grace])).toBe('Ada and Grace are typing')
    expect(typingLine([ada, grace, ada])).toBe('Ada and 2 others are typing')
  })
})

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
