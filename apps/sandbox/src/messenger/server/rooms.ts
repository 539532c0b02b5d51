/** Rooms: mine, found ones, new ones, the one that is there from the start, and those of two people. */
import { and, eq, ilike, inArray, ne, or, isNotNull, sql } from 'drizzle-orm'
import { room, roomMember } from '../../db/messenger-schema.ts'
import { user } from '../../db/schema.ts'
import type { FoundRoom, Person, Room, RoomKind } from '../model.ts'
import type { Transaction } from './delivery.ts'
import { Refusal } from './refusal.ts'
import { addMember, addMessage, memberIds, requirePlace, selectRoom, type Messenger } from './room-changes.ts'
import { containing, type RoomRow } from './rows.ts'

/** Public rooms and my private ones, by name; at most a hundred. */
export async function searchRooms({ db }: Pick<Messenger, 'db'>, me: Person, query: string): Promise<FoundRoom[]> {
  const rows = await db
    .select({ room, memberId: roomMember.id })
    .from(room)
    .leftJoin(roomMember, and(eq(roomMember.roomId, room.id), eq(roomMember.userId, me.id)))
    .where(
      and(
        ne(room.kind, 'direct'),
        or(eq(room.kind, 'public'), isNotNull(roomMember.id)),
        query === '' ? undefined : ilike(room.name, containing(query)),
      ),
    )
    .orderBy(sql`lower(${room.name}), ${room.id}`)
    .limit(100)
  return rows.map(({ room, memberId }) => ({
    id: room.id,
    name: room.name ?? '',
    version: room.version,
    member_count: room.memberCount,
    created_at: room.createdAt.toISOString(),
    is_member: memberId !== null,
  }))
}

/** @throws Refusal 409 */
export function createRoom(
  messenger: Messenger,
  me: Person,
  { name, kind }: { name: string; kind: 'public' | 'private' },
): Promise<Room> {
  return messenger.delivery.change(undefined, async (tx) => {
    const made = await insertRoom(tx, name, kind)
    if (made === undefined) throw new Refusal(409, 'There is a room with this name already.')
    await addMember(messenger, tx, made, me)
    const content = `${me.name} created the room.`
    const { seq } = await addMessage(messenger, tx, { ...made, version: made.version + 1 }, null, {
      content,
      clientId: null,
    })
    await tx.update(roomMember).set({ readSeq: seq }).where(eq(roomMember.roomId, made.id))
    return selectRoom(tx, me.id, made.id)
  })
}

/** A public room for everybody, from the first start on. May be called by several processes at once, and again. */
export async function ensureLobby(messenger: Messenger): Promise<void> {
  await messenger.delivery.change(undefined, async (tx) => {
    const made = await insertRoom(tx, 'Lobby', 'public')
    const content = 'Welcome to the lobby. Everybody can join.'
    if (made !== undefined) await addMessage(messenger, tx, made, null, { content, clientId: null })
  })
}

/** Undefined when the name is taken. A name that another transaction is about to take is waited for. */
async function insertRoom(
  tx: Transaction,
  name: string,
  kind: Exclude<RoomKind, 'direct'>,
): Promise<RoomRow | undefined> {
  const [made] = await tx.insert(room).values({ kind, name }).onConflictDoNothing().returning()
  return made
}

/** Finds or makes the room of two people. @throws Refusal 400, 404, 409 */
export function openDirect(
  { delivery }: Messenger,
  me: Person,
  userId: string,
): Promise<{ created: boolean; room: Room }> {
  if (userId === me.id) return Promise.reject(new Refusal(400, 'A direct room is for two people.'))
  return delivery.change(undefined, async (tx) => {
    const directKey = [me.id, userId].toSorted().join(':')
    const people = await tx
      .select({ id: user.id, name: user.name })
      .from(user)
      .where(inArray(user.id, [me.id, userId]))
    if (people.length < 2) throw new Refusal(404, 'There is no such person.')
    const [made] = await tx
      .insert(room)
      .values({ kind: 'direct', directKey, version: 1, memberCount: 2 })
      .onConflictDoNothing()
      .returning()
    if (made === undefined) {
      const [found] = await tx.select({ id: room.id }).from(room).where(eq(room.directKey, directKey))
      if (found === undefined) throw new Error('A direct room that is there can’t be found')
      return { created: false, room: await selectRoom(tx, me.id, found.id) }
    }
    for (const { id } of people) await requirePlace(tx, id)
    const members = await tx
      .insert(roomMember)
      .values(people.map(({ id }) => ({ roomId: made.id, userId: id, joinedVersion: made.version })))
      .returning()
    // Each hears of both: a room with two members is what it is from its first version on.
    const recipients = await memberIds(tx, made.id)
    for (const person of people) {
      const member = members.find(({ userId }) => userId === person.id)
      await delivery.tell(
        tx,
        recipients,
        {
          type: 'user_joined',
          body: { user: person, room: { id: made.id, version: made.version, member_count: made.memberCount } },
        },
        { idempotencyKey: `user_joined_${member?.id}` },
      )
    }
    return { created: true, room: await selectRoom(tx, me.id, made.id) }
  })
}
