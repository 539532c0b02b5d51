import { describe, expect, test } from 'vitest'
import type { Message } from '../model.ts'
import { messageRows } from './message-rows.ts'

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
