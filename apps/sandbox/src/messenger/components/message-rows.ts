import type { Message } from '../model.ts'
import { dayOf } from './dates.ts'

/** A message and how it stands among its neighbours. */
export interface MessageRow {
  readonly message: Message
  /** The day begins with it, as it is said between two days. */
  readonly day: string | undefined
  /** Nobody's, somebody else's, or long after the one above: it says who wrote it. */
  readonly startsGroup: boolean
  readonly endsGroup: boolean
  /** The unread line stands above it. */
  readonly isFirstUnread: boolean
}

const groupWithin = 5 * 60_000

/**
 * @param unreadFrom the `seq` of the first message below the unread line
 * @param now of today, for the words of the day separators
 */
export function messageRows(messages: readonly Message[], unreadFrom: number | undefined, now: Date): MessageRow[] {
  return messages.map((message, index) => {
    const before = messages[index - 1]
    const after = messages[index + 1]
    return {
      message,
      day: before !== undefined && isSameDay(before, message) ? undefined : dayOf(message.created_at, now),
      startsGroup: !isContinued(before, message, unreadFrom),
      endsGroup: !isContinued(message, after, unreadFrom),
      isFirstUnread: message.seq === unreadFrom,
    }
  })
}

function isContinued(one: Message | undefined, next: Message | undefined, unreadFrom: number | undefined): boolean {
  if (one === undefined || next === undefined || one.author === null || next.author === null) return false
  const [from, to] = [new Date(one.created_at), new Date(next.created_at)]
  return (
    one.author.id === next.author.id &&
    to.getTime() - from.getTime() < groupWithin &&
    isSameDay(one, next) &&
    next.seq !== unreadFrom
  )
}

/** Cheaper than naming both days: there are several hundred messages, and few days. */
function isSameDay(one: Message, next: Message): boolean {
  const [from, to] = [new Date(one.created_at), new Date(next.created_at)]
  return from.getDate() === to.getDate() && from.getMonth() === to.getMonth() && from.getFullYear() === to.getFullYear()
}
