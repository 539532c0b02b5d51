/**
 * What the server API takes, with the wire's names. `null` is as good as absent, unknown members are ignored. The order
 * counts: of several methods in one command of a batch the first is called.
 */
import type { ServerApiMethod } from '@backchannel/protocol'
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
const uint32 = orEmpty(z.uint32(), 0)
const int32 = orEmpty(z.int32(), 0)
const int64 = orEmpty(z.number().int(), 0)
const list = orEmpty(z.array(orEmpty(z.string(), '')), [])
const tags = orEmpty(z.record(z.string(), text), {})

const target = { user: text, client: text, session: text }
const position = z.object({ offset: uint, epoch: text })
const override = orAbsent(z.object({ value: flag }))

const publication = {
  b64data: text,
  skip_history: flag,
  tags,
  idempotency_key: text,
  delta: flag,
  version: uint,
  version_epoch: text,
}

const apiOfStreams = {
  publish: z.object({ channel: text, ...publication }),
  broadcast: z.object({ channels: list, ...publication }),
  subscribe: z.object({
    ...target,
    channel: text,
    b64info: text,
    b64data: text,
    expire_at: int64,
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
    disconnect: orAbsent(z.object({ code: uint32, reason: text })),
  }),
  history: z.object({ channel: text, limit: int32, since: orAbsent(position), reverse: flag }),
  history_remove: z.object({ channel: text }),
  presence: z.object({ channel: text }),
  presence_stats: z.object({ channel: text }),
  info: z.object({}),
  rpc: z.object({ method: text }),
  refresh: z.object({ ...target, expired: flag, expire_at: int64 }),
  channels: z.object({ pattern: text }),
} satisfies { [M in ServerApiMethod]: z.ZodType }

/** Methods for channels of the types map and shared poll, of which the hub has none. */
const apiOfOtherTypes = {
  map_publish: z.object({
    channel: text,
    key: text,
    b64data: text,
    b64stream_data: text,
    tags,
    idempotency_key: text,
    delta: flag,
    version: uint,
    version_epoch: text,
    score: int64,
    key_mode: text,
  }),
  map_remove: z.object({ channel: text, key: text, idempotency_key: text }),
  map_read_state: z.object({
    channel: text,
    cursor: text,
    limit: int32,
    key: text,
    asc: flag,
    revision_offset: uint,
    revision_epoch: text,
  }),
  map_read_stream: z.object({ channel: text, since_offset: uint, since_epoch: text, limit: int32, reverse: flag }),
  map_stats: z.object({ channel: text }),
  map_clear: z.object({ channel: text }),
  shared_poll_publish: z.object({ channel: text, key: text, b64data: text, version: uint, epoch: text }),
}

/** Centrifugo has these in its commercial edition. */
const apiOfTokens = {
  revoke_token: z.object({ uid: text, expire_at: int64 }),
  invalidate_user_tokens: z.object({ user: text, issued_before: int64, channel: text, expire_at: int64 }),
}

export const apiSchemas = { ...apiOfStreams, ...apiOfOtherTypes, ...apiOfTokens }

export type ApiMethod = keyof typeof apiSchemas
export type ApiRequests = { [M in ApiMethod]: z.output<(typeof apiSchemas)[M]> }
