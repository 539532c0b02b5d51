import { describe, expect, test } from 'vitest'
import type { Message } from '../model.ts'
import { countOf, previewOf, typingLine } from './room-preview.ts'

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

describe('a room in its list', () => {
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

  test('a count is a number of something', () => {
    expect(countOf(1, 'member')).toBe('1 member')
    expect(countOf(12_345, 'member')).toBe('12,345 members')
  })
})
