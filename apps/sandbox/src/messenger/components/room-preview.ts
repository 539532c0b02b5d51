import type { Message } from '../model.ts'
import { plainText } from './plain-text.ts'

/** The last message in a line, and who said it; without an author it is the room's own. */
export function previewOf(message: Message | null, meId: string): { author: string | undefined; text: string } {
  if (message === null) return { author: undefined, text: 'No messages yet' }
  const author = message.author === null ? undefined : message.author.id === meId ? 'You' : message.author.name
  if (message.deleted_at !== null) return { author, text: 'Message deleted' }
  return { author, text: plainText(message.content) }
}

/** Ada · Ada and Grace · Ada and 2 others */
export function typingLine(people: readonly { name: string }[]): string {
  const [first, second] = people
  if (first === undefined) return ''
  if (second === undefined) return `${first.name} is typing`
  if (people.length === 2) return `${first.name} and ${second.name} are typing`
  return `${first.name} and ${people.length - 1} others are typing`
}

/** 1 member · 12,345 members */
export function countOf(count: number, word: string): string {
  return `${count.toLocaleString('en-GB')} ${word}${count === 1 ? '' : 's'}`
}
