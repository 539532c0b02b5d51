/** From the tables' rows to what the browser gets. */
import { getTableColumns } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { message, type room } from '../../db/messenger-schema.ts'
import { user } from '../../db/schema.ts'
import type { Message, Person, Room } from '../model.ts'

export type RoomRow = typeof room.$inferSelect
export type MessageRow = typeof message.$inferSelect

export const author = alias(user, 'author')
/** Selected wherever a message is shown; `author` is joined, and may be missing. */
export const shownMessage = { message: getTableColumns(message), author: { id: author.id, name: author.name } }

export function toMessage(row: MessageRow, by: Person | null): Message {
  return {
    id: row.id,
    room_id: row.roomId,
    seq: row.seq,
    version: row.version,
    author: by === null ? null : { id: by.id, name: by.name },
    content: row.content,
    client_id: row.clientId,
    created_at: row.createdAt.toISOString(),
    edited_at: row.editedAt?.toISOString() ?? null,
    deleted_at: row.deletedAt?.toISOString() ?? null,
  }
}

export function toRoom({
  room,
  readSeq,
  joinedVersion,
  message,
  author,
  peer,
}: {
  room: RoomRow
  readSeq: number
  joinedVersion: number
  message: MessageRow | null
  author: Person | null
  peer: (Person & { readSeq: number }) | null
}): Room {
  return {
    id: room.id,
    kind: room.kind,
    // The other person of a direct room may have given up the account.
    name: room.name ?? peer?.name ?? 'Somebody who left',
    version: room.version,
    member_count: room.memberCount,
    last_seq: room.lastSeq,
    last_message: message === null ? null : toMessage(message, author),
    read_seq: readSeq,
    peer: peer === null ? null : { id: peer.id, name: peer.name, read_seq: peer.readSeq },
    joined_version: joinedVersion,
    created_at: room.createdAt.toISOString(),
    bumped_at: room.bumpedAt.toISOString(),
  }
}

/** For ILIKE: what contains these characters, all of which stand for themselves. */
export function containing(text: string): string {
  return `%${startingWith(text)}`
}

export function startingWith(text: string): string {
  return `${text.replaceAll(/[\\%_]/g, '\\$&')}%`
}
