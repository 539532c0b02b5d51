/** A town for trying out: people, rooms of given sizes, and what was said in them. The same again adds nothing. */
import type { SqlQuery } from '@backchannel/collab/server'
import { limits } from '../model.ts'

export interface SeedPlan {
  readonly users: number
  /** How many rooms of how many members. */
  readonly rooms: readonly { readonly members: number; readonly count: number }[]
  /** In each of the rooms. */
  readonly messages: number
}

export interface Seeded {
  /** Users, members and messages that were not there before. */
  readonly added: { readonly users: number; readonly members: number; readonly messages: number }
  readonly rooms: readonly { readonly id: number; readonly name: string; readonly members: number }[]
}

const maxUsers = 1_000_000
/** Rows of one statement. */
const batch = 1000

/** The message is for the person who asked for it. */
export class SeedError extends Error {
  override name = 'SeedError'
}

/** @param rooms as in `100x1,1000x2`: members and number @throws SeedError */
export function readPlan({ users, rooms, messages }: { users: string; rooms: string; messages: string }): SeedPlan {
  const whole = (name: string, text: string, max: number) => {
    if (/^\d{1,9}$/.test(text) && Number(text) <= max) return Number(text)
    throw new SeedError(`--${name} is "${text}"; it must be a whole number up to ${max}.`)
  }
  const plan: SeedPlan = {
    users: whole('users', users, maxUsers),
    rooms: (rooms === '' ? [] : rooms.split(',')).map((part) => {
      const [, members, number] = /^\s*(\d{1,9})x(\d{1,9})\s*$/.exec(part) ?? []
      if (members === undefined || number === undefined || Number(members) === 0) {
        throw new SeedError(`--rooms is "${rooms}"; it must be members and number, such as 100x3,1000x1.`)
      }
      return { members: Number(members), count: Number(number) }
    }),
    messages: whole('messages', messages, 1_000_000),
  }
  const largest = Math.max(0, ...plan.rooms.map(({ members }) => members))
  if (largest > plan.users) throw new SeedError(`A room of ${largest} members needs --users ${largest} at least.`)
  const number = plan.rooms.reduce((sum, { count }) => sum + count, 0)
  if (number > limits.roomsPerPerson) {
    throw new SeedError(`--rooms makes ${number} rooms, and a person can be in ${limits.roomsPerPerson}.`)
  }
  return plan
}

/** @param query runs one statement */
export async function seed(query: SqlQuery, plan: SeedPlan): Promise<Seeded> {
  const users = await seedUsers(query, plan.users)
  const rooms: Seeded['rooms'][number][] = []
  let [members, messages] = [0, 0]
  for (const { members: size, count } of plan.rooms) {
    for (let number = 1; number <= count; number += 1) {
      const name = `Town of ${size.toLocaleString('en')}${number === 1 ? '' : `, no. ${number}`}`
      await query(`insert into room (kind, name) values ('public', $1) on conflict do nothing`, [name])
      members += await addMembers(query, name, size)
      messages += await addMessages(query, name, size, plan.messages)
      const [{ id, member_count } = { id: 0, member_count: 0 }] = await rowsOf<{ id: number; member_count: number }>(
        query('select id, member_count from room where lower(name) = lower($1)', [name]),
      )
      rooms.push({ id, name, members: member_count })
    }
  }
  return { added: { users, members, messages }, rooms }
}

async function seedUsers(query: SqlQuery, number: number): Promise<number> {
  const random = randomFrom(1)
  let added = 0
  for (let from = 0; from < number; from += batch) {
    const ids = Array.from({ length: Math.min(batch, number - from) }, (_, index) => idOf(from + index))
    added += await countOf(
      query(
        `with added as (
           insert into "user" (id, name, email)
           select id, name, id || '@backchannel.example' from unnest($1::text[], $2::text[]) as people (id, name)
           on conflict do nothing returning 1)
         select count(*)::integer as count from added`,
        [ids, ids.map(() => nameOf(random))],
      ),
    )
  }
  return added
}

/** The first people of the town, in one statement with the room's lock, version and count. */
function addMembers(query: SqlQuery, name: string, size: number): Promise<number> {
  return countOf(
    query(
      `with locked as (select id, version, last_seq from room where lower(name) = lower($1) for update),
         added as (
           insert into room_member (room_id, user_id, joined_version, read_seq)
           select locked.id, "user".id, version + 1, last_seq from locked, "user" where "user".id between $2 and $3
           order by "user".id on conflict do nothing returning 1),
         counted as (select count(*)::integer as count from added),
         changed as (
           update room set version = room.version + 1, member_count = member_count + count
           from locked, counted where room.id = locked.id and count > 0)
       select count from counted`,
      [name, idOf(0), idOf(size - 1)],
    ),
  )
}

/** Up to this number, in pieces, each in one statement with what it changes of the room. */
async function addMessages(query: SqlQuery, name: string, size: number, number: number): Promise<number> {
  const random = randomFrom(size)
  const [room = { last_seq: 0 }] = await rowsOf<{ last_seq: number }>(
    query('select last_seq from room where lower(name) = lower($1)', [name]),
  )
  for (let from = room.last_seq; from < number; from += batch) {
    const texts = Array.from({ length: Math.min(batch, number - from) }, () => sentenceOf(random))
    const authors = texts.map(() => idOf(Math.floor(random() * size)))
    await query(
      `with locked as (select id, version, last_seq from room where lower(name) = lower($1) for update),
         said as (select * from unnest($2::text[], $3::text[]) with ordinality as said (content, author, n)),
         added as (
           insert into message (room_id, seq, version, user_id, content, created_at)
           select id, last_seq + n, version + n, author, content, now() - ($4 - n) * interval '1 second'
           from locked, said order by n returning id, seq, version, created_at),
         last as (select * from added order by seq desc limit 1)
       update room set version = last.version, last_seq = last.seq, last_message_id = last.id, bumped_at = last.created_at
       from locked, last where room.id = locked.id`,
      [name, texts, authors, number - from],
    )
  }
  return Math.max(0, number - room.last_seq)
}

async function rowsOf<Row>(answer: ReturnType<SqlQuery>): Promise<Row[]> {
  return (await answer).rows as Row[]
}

async function countOf(answer: ReturnType<SqlQuery>): Promise<number> {
  const [row] = await rowsOf<{ count: number }>(answer)
  return row?.count ?? 0
}

/** As long as the longest, so that they sort as they count. */
export function idOf(number: number): string {
  return `seed-${String(number).padStart(String(maxUsers).length, '0')}`
}

const firstNames =
  'Ada Alan Barbara Brian Carol Claude Donald Dorothy Edith Elena Fatima Frances Grace Hedy Ivan Jean John Katherine Ken Linus Margaret Mary Niklaus Olga Radia Shafi Sophie Tim Vera Wang'.split(
    ' ',
  )
const lastNames =
  'Allen Berners Cerf Clarke Dijkstra Easley Floyd Goldberg Hamilton Hopper Johnson Knuth Lamport Liskov Lovelace Moore Nakamura Okafor Perlman Ritchie Sammet Shannon Thompson Turing Vaughan Wilkes Wirth Yusuf Zhang Zuse'.split(
    ' ',
  )
const words =
  'the a one this that server channel room message cache index socket lock commit was is becomes sends hears loses keeps reads late early twice never again slowly today tomorrow **now** `here` fine'.split(
    ' ',
  )

function nameOf(random: () => number): string {
  return `${pick(firstNames, random)} ${pick(lastNames, random)}`
}

function sentenceOf(random: () => number): string {
  const length = 3 + Math.floor(random() * 12)
  return `${Array.from({ length }, () => pick(words, random)).join(' ')}.`
}

function pick(from: readonly string[], random: () => number): string {
  return from[Math.floor(random() * from.length)] ?? ''
}

/** The same numbers for the same seed, everywhere: a linear congruential generator, good enough for names. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state / 4_294_967_296
  }
}
