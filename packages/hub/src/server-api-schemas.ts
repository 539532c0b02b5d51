/** What the server API takes, with the wire's names. `null` is as good as absent, unknown members are ignored. */
import { isCloseCode, isCloseReason, type ServerApiMethod } from '@backchannel/protocol'
import { z } from 'zod'

function orEmpty<T extends z.ZodType>(schema: T, empty: z.output<T>) {
  return schema.nullish().transform((value) => value ?? empty)
}

function orAbsent<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined)
}

const text = orEmpty(z.string(), '')
const flag = orEmpty(z.boolean(), false)
const uint = orEmpty(z.number().int().min(0), 0)
const list = orEmpty(z.array(orEmpty(z.string(), '')), [])

const target = { user: text, client: text, session: text }
const position = z.object({ offset: uint, epoch: text })
const override = orAbsent(z.object({ value: flag }))

// What no Close frame can carry would break the connection instead of closing it.
const closeCode = z.int().refine(isCloseCode, 'expected a code that a Close frame can carry')
const closeReason = text.refine(isCloseReason, 'expected at most 123 bytes')

const publication = {
  b64data: text,
  skip_history: flag,
  tags: orEmpty(z.record(z.string(), text), {}),
  idempotency_key: text,
  delta: flag,
  version: uint,
  version_epoch: text,
}

export const apiSchemas = {
  publish: z.object({ channel: text, ...publication }),
  broadcast: z.object({ channels: list, ...publication }),
  subscribe: z.object({
    ...target,
    channel: text,
    b64info: text,
    b64data: text,
    expire_at: orEmpty(z.number().int(), 0),
    recover_since: orAbsent(position),
    override: orAbsent(
      z.object({
        presence: override,
        join_leave: override,
        force_push_join_leave: override,
        force_positioning: override,
        force_recovery: override,
      }),
    ),
  }),
  unsubscribe: z.object({ ...target, channel: text }),
  disconnect: z.object({
    ...target,
    whitelist: list,
    disconnect: orAbsent(z.object({ code: closeCode, reason: closeReason })),
  }),
  refresh: z.object({ ...target, expired: flag, expire_at: orEmpty(z.number().int(), 0) }),
  presence: z.object({ channel: text }),
  presence_stats: z.object({ channel: text }),
  history: z.object({
    channel: text,
    limit: orEmpty(z.int32(), 0),
    since: orAbsent(position),
    reverse: flag,
  }),
  history_remove: z.object({ channel: text }),
  channels: z.object({ pattern: text }),
  info: z.object({}),
  rpc: z.object({ method: text }),
} satisfies { [M in ServerApiMethod]: z.ZodType }

export type ApiRequests = { [M in ServerApiMethod]: z.output<(typeof apiSchemas)[M]> }
