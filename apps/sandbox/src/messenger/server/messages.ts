/** Messages: a page of them, new ones, changed ones, found ones. */
import { and, between, desc, eq, ilike, isNull, sql } from 'drizzle-orm'
import { message, room, roomMember } from '../../db/messenger-schema.ts'
import { user } from '../../db/schema.ts'
import type { FoundMessage, Message, MessagePage, Person } from '../model.ts'
import type { Transaction } from './delivery.ts'
import { noSuchRoom, Refusal } from './refusal.ts'
import type { Place } from './requests.ts'
import {
  addMessage,
  lockRoom,
  memberIds,
  requireMembership,
  usedClientId,
  writtenAt,
  type Messenger,
} from './room-changes.ts'
import { author, containing, shownMessage, toMessage, type MessageRow } from './rows.ts'

/**
 * Consecutive messages, oldest first. One statement, so that they and `version` are of one moment; `seq` has no gaps, so
 * a page is a range.
 * @throws Refusal 404
 */
export async function pageOfMessages(
  { db }: Pick<Messenger, 'db'>,
  me: Person,
  roomId: number,
  place: Place,
): Promise<MessagePage> {
  const [from, to] = rangeOf(place)
  const rows = await db
    .select({ version: room.version, ...shownMessage })
    .from(roomMember)
    .innerJoin(room, eq(room.id, roomMember.roomId))
    .leftJoin(message, and(eq(message.roomId, room.id), between(message.seq, from, to)))
    .leftJoin(author, eq(author.id, message.userId))
    .where(and(eq(roomMember.roomId, roomId), eq(roomMember.userId, me.id)))
    .orderBy(message.seq)
  if (rows[0] === undefined) throw noSuchRoom()
  return {
    messages: rows.flatMap(({ message, author }) => (message === null ? [] : [toMessage(message, author)])),
    version: rows[0].version,
  }
}

/** As bigint: a seq of the greatest number plus a page is more than an integer. */
function rangeOf({ before, after, around, limit }: Place) {
  if (before !== undefined) return [sql`${before - limit}::bigint`, sql`${before - 1}::bigint`] as const
  if (after !== undefined) return [sql`${after + 1}::bigint`, sql`${after + limit}::bigint`] as const
  const newest = sql`(${room.lastSeq} - ${limit}::bigint + 1)`
  if (around === undefined) return [newest, sql`${room.lastSeq}::bigint`] as const
  // At either end the page is as long as elsewhere.
  const first = sql`greatest(1, least(${around - Math.floor(limit / 2)}::bigint, ${newest}))`
  return [first, sql`(${first} + ${limit - 1}::bigint)`] as const
}

/** The same message twice is written once: `created` is false the second time. @throws Refusal 404, 422 */
export function postMessage(
  messenger: Messenger,
  me: Person,
  roomId: number,
  { content, client_id: clientId }: { content: string; client_id: string },
): Promise<{ created: boolean; message: Message }> {
  return messenger.delivery.change(roomId, async (tx) => {
    const locked = await lockRoom(tx, roomId)
    await requireMembership(tx, roomId, me.id)
    const [before] = await tx
      .select()
      .from(message)
      .where(and(eq(message.userId, me.id), eq(message.clientId, clientId)))
    if (before === undefined) {
      return { created: true, message: await addMessage(messenger, tx, locked, me, { content, clientId }) }
    }
    const changed = before.editedAt !== null || before.deletedAt !== null
    if (before.roomId !== roomId || (before.content !== content && !changed)) throw usedClientId()
    return { created: false, message: toMessage(before, me) }
  })
}

/** @throws Refusal 403, 404, 409 */
export function editMessage(
  messenger: Messenger,
  me: Person,
  { roomId, messageId, content }: { roomId: number; messageId: number; content: string },
): Promise<Message> {
  return changeMessage(messenger, me, roomId, messageId, (old) => {
    if (old.deletedAt !== null) throw new Refusal(409, 'This message was deleted.')
    return old.content === content ? undefined : { content, editedAt: writtenAt }
  })
}

/** Its place stays: empty, and marked. Once more changes nothing. @throws Refusal 403, 404 */
export function deleteMessage(
  messenger: Messenger,
  me: Person,
  { roomId, messageId }: { roomId: number; messageId: number },
): Promise<Message> {
  return changeMessage(messenger, me, roomId, messageId, (old) =>
    old.deletedAt === null ? { content: '', deletedAt: writtenAt } : undefined,
  )
}

type Change = Parameters<ReturnType<Transaction['update']>['set']>[0]

function changeMessage(
  { delivery }: Messenger,
  me: Person,
  roomId: number,
  messageId: number,
  changeOf: (old: MessageRow) => Change | undefined,
): Promise<Message> {
  return delivery.change(roomId, async (tx) => {
    const locked = await lockRoom(tx, roomId)
    await requireMembership(tx, roomId, me.id)
    const [old] = await tx
      .select()
      .from(message)
      .where(and(eq(message.id, messageId), eq(message.roomId, roomId)))
    if (old === undefined) throw new Refusal(404, 'There is no such message.')
    if (old.userId !== me.id) throw new Refusal(403, 'Only who wrote a message can change it.')
    const change = changeOf(old)
    if (change === undefined) return toMessage(old, me)
    const version = locked.version + 1
    const [changed] = await tx
      .update(message)
      .set({ ...change, version })
      .where(eq(message.id, messageId))
      .returning()
    if (changed === undefined) throw new Error('The database returned no row')
    await tx.update(room).set({ version }).where(eq(room.id, roomId))
    const shown = toMessage(changed, me)
    await delivery.tell(
      tx,
      await memberIds(tx, roomId),
      { type: 'message_changed', body: { ...shown, room: { id: roomId, version } } },
      { idempotencyKey: `message_${messageId}_v${version}` },
    )
    return shown
  })
}

/** The newest fifty of my rooms that contain this. Deleted ones are empty, and so is what an empty search finds. */
export async function searchMessages(
  { db }: Pick<Messenger, 'db'>,
  me: Person,
  query: string,
  roomId: number | undefined,
): Promise<FoundMessage[]> {
  if (query === '') return []
  const peer = db
    .select({ name: user.name })
    .from(sql`${roomMember} as other`)
    .innerJoin(user, sql`${user.id} = other.user_id`)
    .where(sql`other.room_id = ${room.id} and other.user_id <> ${me.id} and ${room.kind} = 'direct'`)
  const rows = await db
    .select({ ...shownMessage, roomName: sql<string | null>`coalesce(${room.name}, (${peer}))` })
    .from(roomMember)
    .innerJoin(room, eq(room.id, roomMember.roomId))
    .innerJoin(message, eq(message.roomId, room.id))
    .leftJoin(author, eq(author.id, message.userId))
    .where(
      and(
        eq(roomMember.userId, me.id),
        roomId === undefined ? undefined : eq(roomMember.roomId, roomId),
        isNull(message.deletedAt),
        ilike(message.content, containing(query)),
      ),
    )
    .orderBy(desc(message.id))
    .limit(50)
  return rows.map(({ message, author, roomName }) => ({
    ...toMessage(message, author),
    room_name: roomName ?? 'Somebody who left',
  }))
}
