/** Who is in a room: joining, leaving, inviting, and the list. */
import { isRealtimeEnabled, personalChannel, serverApi } from '@backchannel/realtime'
import { and, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import { room, roomMember } from '../../db/messenger-schema.ts'
import { user } from '../../db/schema.ts'
import { limits, type Member, type Person, type Room } from '../model.ts'
import { noSuchRoom, Refusal } from './refusal.ts'
import {
  addMember,
  lockRoom,
  memberIds,
  membershipOf,
  requireMembership,
  selectRoom,
  type Messenger,
} from './room-changes.ts'

/** @throws Refusal 404, 409 */
export function joinRoom(messenger: Messenger, me: Person, roomId: number): Promise<Room> {
  return messenger.delivery.change(roomId, async (tx) => {
    const locked = await lockRoom(tx, roomId)
    if ((await membershipOf(tx, roomId, me.id)) !== undefined) throw new Refusal(409, 'You are in this room already.')
    if (locked.kind !== 'public') throw noSuchRoom()
    await addMember(messenger, tx, locked, me)
    return selectRoom(tx, me.id, roomId)
  })
}

/** @throws Refusal 404, 409 */
export function leaveRoom({ delivery }: Messenger, me: Person, roomId: number): Promise<void> {
  return delivery.change(roomId, async (tx) => {
    const locked = await lockRoom(tx, roomId)
    const member = await requireMembership(tx, roomId, me.id)
    if (locked.kind === 'direct') throw new Refusal(409, 'A direct room can’t be left.')
    // Read before, so that who leaves hears it, too.
    const members = await memberIds(tx, roomId)
    await tx.delete(roomMember).where(eq(roomMember.id, member.id))
    const changed = { version: locked.version + 1, memberCount: members.length - 1 }
    await tx.update(room).set(changed).where(eq(room.id, roomId))
    await delivery.tell(
      tx,
      members,
      {
        type: 'user_left',
        body: {
          user: { id: me.id, name: me.name },
          room: { id: roomId, version: changed.version, member_count: changed.memberCount },
        },
      },
      { idempotencyKey: `user_left_${member.id}` },
    )
  })
}

/** @throws Refusal 404, 409 */
export function invite(messenger: Messenger, me: Person, roomId: number, userId: string): Promise<void> {
  return messenger.delivery.change(roomId, async (tx) => {
    const locked = await lockRoom(tx, roomId)
    await requireMembership(tx, roomId, me.id)
    if (locked.kind === 'direct') throw new Refusal(409, 'A direct room is for two people.')
    const [guest] = await tx.select({ id: user.id, name: user.name }).from(user).where(eq(user.id, userId))
    if (guest === undefined) throw new Refusal(404, 'There is no such person.')
    if ((await membershipOf(tx, roomId, userId)) !== undefined) {
      throw new Refusal(409, `${guest.name} is in this room already.`)
    }
    await addMember(messenger, tx, locked, guest)
  })
}

/** Members of one page. */
const page = 100
const cursor = z.tuple([z.string(), z.string()])

/** By name, a page at a time. @throws Refusal 400, 404 */
export async function listMembers(
  { db }: Pick<Messenger, 'db'>,
  me: Person,
  roomId: number,
  after: string | undefined,
): Promise<{ members: Member[]; next: string | null }> {
  const from = after === undefined ? undefined : readCursor(after)
  await requireMembership(db, roomId, me.id)
  const rows = await db
    .select({ id: user.id, name: user.name, joinedAt: roomMember.joinedAt, key: sql<string>`lower(${user.name})` })
    .from(roomMember)
    .innerJoin(user, eq(user.id, roomMember.userId))
    .where(
      and(
        eq(roomMember.roomId, roomId),
        from === undefined ? undefined : sql`(lower(${user.name}), ${user.id}) > (${from[0]}, ${from[1]})`,
      ),
    )
    .orderBy(sql`lower(${user.name}), ${user.id}`)
    .limit(page + 1)
  const shown = rows.slice(0, page)
  const last = rows.length > page ? shown.at(-1) : undefined
  const online = await whoIsOnline(shown.map(({ id }) => id))
  return {
    members: shown.map(({ id, name, joinedAt }) => ({
      id,
      name,
      joined_at: joinedAt.toISOString(),
      online: online?.get(id) ?? null,
    })),
    next: last === undefined ? null : Buffer.from(JSON.stringify([last.key, last.id])).toString('base64url'),
  }
}

function readCursor(text: string): [string, string] {
  try {
    const [key, id] = cursor.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
    if (!`${key}${id}`.includes('\0')) return [key, id]
  } catch {
    // Not made by `listMembers`.
  }
  throw new Refusal(400, 'after must come from the page before.')
}

/** Whoever is subscribed to the own channel is online. Undefined when nobody can tell. */
async function whoIsOnline(userIds: readonly string[]): Promise<ReadonlyMap<string, boolean> | undefined> {
  if (!isRealtimeEnabled() || userIds.length === 0) return undefined
  try {
    const commands = userIds.map((id) => ({ presence_stats: { channel: personalChannel(id) } }))
    const replies = await serverApi({ timeoutMs: 1000 }).batch(commands)
    const known = replies.flatMap(({ presence_stats: stats }, index) => {
      const id = userIds[index]
      return stats === undefined || id === undefined ? [] : [[id, stats.num_clients > 0] as const]
    })
    return new Map(known)
  } catch {
    return undefined
  }
}

/** Tells the others that somebody is typing, unless they are too many. @throws Refusal 404 */
export async function sayTyping({ db, delivery }: Messenger, me: Person, roomId: number): Promise<void> {
  await requireMembership(db, roomId, me.id)
  const [found] = await db.select({ count: room.memberCount }).from(room).where(eq(room.id, roomId))
  if (found === undefined || found.count > limits.typingRoom) return
  const others = (await memberIds(db, roomId)).filter((id) => id !== me.id)
  if (others.length === 0) return
  delivery.mention(others, { type: 'typing', body: { user: { id: me.id, name: me.name }, room: { id: roomId } } })
}

/** @returns up to where this person has read; it never goes back. @throws Refusal 404 */
export function markRead({ delivery }: Messenger, me: Person, roomId: number, seq: number): Promise<number> {
  // Without the room's lock: nothing of the room changes, and everybody has a row of their own.
  return delivery.change(undefined, async (tx) => {
    const target = sql<number>`least(${seq}::integer, ${room.lastSeq})`
    const [moved] = await tx
      .update(roomMember)
      .set({ readSeq: target })
      .from(room)
      .where(
        and(
          eq(room.id, roomMember.roomId),
          eq(roomMember.roomId, roomId),
          eq(roomMember.userId, me.id),
          sql`${roomMember.readSeq} < ${target}`,
        ),
      )
      .returning({ id: roomMember.id, readSeq: roomMember.readSeq, kind: room.kind })
    if (moved === undefined) return (await requireMembership(tx, roomId, me.id)).readSeq
    await delivery.tell(
      tx,
      moved.kind === 'direct' ? await memberIds(tx, roomId) : [me.id],
      { type: 'room_read', body: { user: { id: me.id }, room: { id: roomId }, read_seq: moved.readSeq } },
      { idempotencyKey: `room_read_${moved.id}_${moved.readSeq}` },
    )
    return moved.readSeq
  })
}
