/** The server's side of the cache page. */
import {
  cached,
  cacheDelete,
  cacheGet,
  cacheGetMany,
  cacheInvalidateTag,
  cacheSet,
  cacheSetMany,
  cacheStatus,
  cacheTtl,
  type CacheStatus,
} from '@backchannel/cache'
import { createServerFn } from '@tanstack/react-start'
import { getRequest } from '@tanstack/react-start/server'
import { z } from 'zod'
import { taggedEntries, type CacheOutcome, type SlowLoad, type TaggedEntry } from './cache.ts'
import { answer, checkInput, requireUser } from './server-answers.ts'
import type { CurrentUser } from './session.ts'

/** Of this process. 401 without a session. */
export const getCachePage = createServerFn({ method: 'GET' }).handler(async ({ context }): Promise<CacheStatus> => {
  await requireUser(getRequest(), context)
  return cacheStatus()
})

const key = z.string().trim().min(1, 'A key is needed.').max(100, 'At most 100 characters.')
const handInput = z.discriminatedUnion('action', [
  z.object({ action: z.enum(['get', 'delete', 'ttl']), key }),
  z.object({
    action: z.literal('set'),
    key,
    json: z.string().max(10_000, 'At most 10,000 characters.'),
    ttl: z.number().int().min(1, 'At least a second.').max(86_400, 'At most a day.'),
  }),
])

/** One call of the cache, on the visitor's own keys. 400 for bad input, 401 without a session. */
export const callCache = createServerFn({ method: 'POST' })
  .validator((input: z.input<typeof handInput>) => checkInput(handInput, input))
  .handler(async ({ context, data }): Promise<CacheOutcome> => {
    const user = await requireUser(getRequest(), context)
    const own = keyOf(user, data.key)
    const value = data.action === 'set' ? parse(data.json) : undefined
    const startedAt = performance.now()
    const said = await call()
    return { said, ms: round(performance.now() - startedAt), status: cacheStatus() }

    async function call(): Promise<string> {
      switch (data.action) {
        case 'get': {
          const found = await cacheGet(own)
          return found === null ? 'null: not there' : JSON.stringify(found)
        }
        case 'set':
          await cacheSet(own, value, data.ttl)
          return `kept for ${data.ttl} s`
        case 'delete':
          await cacheDelete(own)
          return 'deleted'
        case 'ttl': {
          const left = await cacheTtl(own)
          return left === null ? 'null: not there' : left === Infinity ? 'without an end' : `${Math.ceil(left)} s left`
        }
      }
    }
  })

/** How long the loader of the demo takes, in milliseconds. */
const slowly = 700
const runInput = z.object({ run: z.string().max(40) })

/** One of many requests at once for the same value, which takes long to load. 401 without a session. */
export const loadSlowly = createServerFn({ method: 'POST' })
  .validator((input: z.input<typeof runInput>) => checkInput(runInput, input))
  .handler(async ({ context, data: { run } }): Promise<SlowLoad> => {
    const user = await requireUser(getRequest(), context)
    const startedAt = performance.now()
    const { load } = await cached(keyOf(user, `slow:${run}`), { ttl: 30 }, async () => {
      await new Promise((resolve) => setTimeout(resolve, slowly))
      return { load: crypto.randomUUID() }
    })
    return { load, ms: round(performance.now() - startedAt) }
  })

const tagInput = z.object({ action: z.enum(['fill', 'read', 'invalidate']) })

/** Three entries that share a tag. 401 without a session. */
export const callTag = createServerFn({ method: 'POST' })
  .validator((input: z.input<typeof tagInput>) => checkInput(tagInput, input))
  .handler(async ({ context, data: { action } }): Promise<TaggedEntry[]> => {
    const user = await requireUser(getRequest(), context)
    const tag = keyOf(user, 'basket')
    const keys = taggedEntries.map((name) => keyOf(user, `basket:${name}`))
    if (action === 'fill') {
      const at = new Date().toISOString()
      await cacheSetMany(
        keys.map((own) => [own, { at }] as const),
        { ttl: 300, tags: [tag] },
      )
    }
    if (action === 'invalidate') await cacheInvalidateTag(tag)
    const values = await cacheGetMany<{ at: string }>(keys)
    return taggedEntries.map((name, index) => ({ name, at: values[index]?.at }))
  })

/** Nobody reaches another's entries, or Better Auth's, by a key. */
function keyOf({ id }: CurrentUser, name: string): string {
  return `sandbox:${id}:${name}`
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw answer(400, { detail: 'The value is no JSON: text stands in "quotes".' })
  }
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}
