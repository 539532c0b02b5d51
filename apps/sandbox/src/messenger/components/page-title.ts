import type { RoomState } from '../client/types.ts'

/** Messages that I have not read, in all rooms. */
export function unreadTotal(rooms: Iterable<Pick<RoomState, 'last_seq' | 'read_seq'>>): number {
  let total = 0
  for (const room of rooms) total += unreadOf(room)
  return total
}

export function unreadOf({ last_seq: last, read_seq: read }: Pick<RoomState, 'last_seq' | 'read_seq'>): number {
  return Math.max(0, last - read)
}

/** A number that fits into its badge. */
export function badge(count: number): string {
  return count > 999 ? '999+' : String(count)
}

export function pageTitle(unread: number): string {
  return `${unread > 0 ? `(${badge(unread)}) ` : ''}Backchannel messenger`
}
