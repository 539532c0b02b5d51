import { and, ilike, ne, sql } from 'drizzle-orm'
import { user } from '../../db/schema.ts'
import type { Person } from '../model.ts'
import type { Messenger } from './room-changes.ts'
import { containing, startingWith } from './rows.ts'

/** At most twenty whose name contains this, those first whose name begins with it; never oneself. */
export function searchPeople({ db }: Pick<Messenger, 'db'>, me: Person, query: string): Promise<Person[]> {
  return db
    .select({ id: user.id, name: user.name })
    .from(user)
    .where(and(ne(user.id, me.id), ilike(user.name, containing(query))))
    .orderBy(sql`${ilike(user.name, startingWith(query))} desc, lower(${user.name}), ${user.id}`)
    .limit(20)
}
