/**
 * The messenger's tables. Postgres is the source of truth: what is published is what these hold.
 *
 * Whoever changes a room locks its row first. So `version`, `seq` and the order of the commits agree.
 */
import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  index,
  integer,
  pgTable,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
  varchar,
  type AnyPgColumn,
} from 'drizzle-orm/pg-core'
import { limits, type RoomKind } from '../messenger/model.ts'
import { user } from './schema.ts'

const moment = (name: string) => timestamp(name, { withTimezone: true })

export const room = pgTable(
  'room',
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    kind: text().$type<RoomKind>().notNull(),
    /** Null in direct rooms, which bear the other person's name. */
    name: varchar({ length: limits.roomNameLength }),
    /** Of a direct room: its two user ids, sorted, so that two who open it at once get the same one. */
    directKey: text('direct_key').unique(),
    version: integer().notNull().default(0),
    /** Messages are never removed from the table, so this is their number, too. */
    lastSeq: integer('last_seq').notNull().default(0),
    memberCount: integer('member_count').notNull().default(0),
    lastMessageId: bigint('last_message_id', { mode: 'number' }).references((): AnyPgColumn => message.id, {
      onDelete: 'set null',
    }),
    createdAt: moment('created_at').notNull().defaultNow(),
    bumpedAt: moment('bumped_at').notNull().defaultNow(),
  },
  (table) => [
    check('room_kind', sql`${table.kind} in ('public', 'private', 'direct')`),
    check('room_direct', sql`(${table.kind} = 'direct') = (${table.name} is null)`),
    check('room_direct_key', sql`(${table.kind} = 'direct') = (${table.directKey} is not null)`),
    uniqueIndex('room_name')
      .on(sql`lower(${table.name})`)
      .where(sql`${table.kind} <> 'direct'`),
  ],
)

export const roomMember = pgTable(
  'room_member',
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    roomId: integer('room_id')
      .notNull()
      .references(() => room.id, { onDelete: 'cascade' }),
    userId: text('user_id')
      .notNull()
      .references(() => user.id, { onDelete: 'cascade' }),
    joinedAt: moment('joined_at').notNull().defaultNow(),
    /** The room's version that joining made. */
    joinedVersion: integer('joined_version').notNull(),
    /** The last message that this member has read. */
    readSeq: integer('read_seq').notNull().default(0),
  },
  (table) => [unique('room_member_once').on(table.roomId, table.userId), index('room_member_user_id').on(table.userId)],
)

export const message = pgTable(
  'message',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    roomId: integer('room_id')
      .notNull()
      .references(() => room.id, { onDelete: 'cascade' }),
    /** From 1, without a gap. */
    seq: integer().notNull(),
    /** The room's, at this message's last change. */
    version: integer().notNull(),
    /** Null: said by the room itself, or by an account that is gone. */
    userId: text('user_id').references(() => user.id, { onDelete: 'set null' }),
    content: text().notNull(),
    /** Chosen by the sender: what is sent again after a lost answer is found by it. */
    clientId: uuid('client_id'),
    createdAt: moment('created_at').notNull().defaultNow(),
    editedAt: moment('edited_at'),
    deletedAt: moment('deleted_at'),
  },
  (table) => [
    unique('message_place').on(table.roomId, table.seq),
    uniqueIndex('message_client_id')
      .on(table.userId, table.clientId)
      .where(sql`${table.clientId} is not null`),
  ],
)
