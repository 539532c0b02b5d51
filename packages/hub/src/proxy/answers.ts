/**
 * What the app's endpoints answer: Centrifugo's shapes. Members that are null are absent, ones that nobody knows are
 * passed over. Free-form members (`data`, `info`, `meta`) are taken from the text as they were written.
 */
import { Disconnect, rawMember, ReplyError, type Payload } from '@backchannel/protocol'
import { z } from 'zod'
import { decodeBase64, type ServerSubscription } from '../tokens/tokens.ts'
import { ProxyFailure } from './ask.ts'

const absent = <T>(fallback: T) => ({ or: (value: T | null | undefined): T => value ?? fallback })
const text = z.string().nullish().transform(absent('').or)
const flag = z.boolean().nullish().transform(absent(false).or)
const code = z
  .int()
  .min(0)
  .max(2 ** 32 - 1)
  .nullish()
  .transform(absent(0).or)
const version = z.int().min(0).nullish().transform(absent(0).or)
/** Unix seconds, which another system may have beyond what is exact here. */
const time = z
  .number()
  .refine((seconds) => Number.isInteger(seconds))
  .nullish()
  // Before 1970 means never, as 0 does.
  .transform((seconds) => Math.max(0, seconds ?? 0))

const override = z
  .object({ value: flag })
  .nullish()
  .transform((given) => given ?? undefined)
const overrides = z
  .object({
    presence: override,
    join_leave: override,
    force_push_join_leave: override,
    force_positioning: override,
    force_recovery: override,
  })
  .nullish()
  .transform((given) => given ?? undefined)

const subscriptionShape = { b64info: text, b64data: text, override: overrides }
const subscription = z.object(subscriptionShape)

const results = {
  connect: z.object({
    user: text,
    expire_at: time,
    b64info: text,
    b64data: text,
    channels: z.array(z.string()).nullish(),
    subs: z.record(z.string(), subscription.nullish()).nullish(),
  }),
  refresh: z.object({ expired: flag, expire_at: time, b64info: text }),
  subscribe: z.object({ ...subscriptionShape, expire_at: time }),
  sub_refresh: z.object({ expired: flag, expire_at: time, b64info: text }),
  publish: z.object({
    b64data: text,
    skip_history: flag,
    tags: z.record(z.string(), z.string()).nullish(),
    idempotency_key: text,
    delta: flag,
    version,
    version_epoch: text,
  }),
  rpc: z.object({ b64data: text }),
}

/** What the app is asked about. */
export type ProxyEvent = keyof typeof results

type Result<E extends ProxyEvent> = z.output<(typeof results)[E]>

const failure = z.object({ code, message: text, temporary: flag }).nullish()
const closing = z.object({ code, reason: text }).nullish()

const responses = Object.fromEntries(
  Object.entries(results).map(([event, result]) => [
    event,
    z.object({ result: result.nullish(), error: failure, disconnect: closing }).nullable(),
  ]),
) as unknown as {
  readonly [E in ProxyEvent]: z.ZodType<{
    result?: Result<E> | null | undefined
    error?: z.output<typeof failure>
    disconnect?: z.output<typeof closing>
  } | null>
}

/** An answer that was understood. */
export interface Answer<E extends ProxyEvent> {
  /** Undefined when there is none, which each event takes in its own way. */
  readonly result: Result<E> | undefined
  /** The answer as it was written. */
  readonly source: string
}

/**
 * @throws ProxyFailure for what is none of Centrifugo's answers
 * @throws Disconnect, ReplyError when the app has answered with one; a result beside it counts for nothing
 * @throws RangeError for a disconnect with a code that can't be sent
 */
export function readAnswer<E extends ProxyEvent>(event: E, source: string): Answer<E> {
  let json: unknown
  try {
    json = JSON.parse(source)
  } catch (error) {
    throw new ProxyFailure('The app answered with something that is no JSON', { cause: error })
  }
  const parsed = responses[event].safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new ProxyFailure(
      `The app answered with another ${issue?.path.map(String).join('.') || 'shape'} than expected`,
    )
  }
  const { result, error, disconnect } = parsed.data ?? {}
  if (disconnect) throw new Disconnect(disconnect.code, disconnect.reason)
  if (error) throw new ReplyError(error.code, error.message, error.temporary)
  return { result: result ?? undefined, source }
}

/**
 * A free-form member of a result: base64 where there is some, else JSON.
 * @throws TypeError for broken base64
 */
export function payloadIn(source: string, base64: string, ...path: string[]): Payload | undefined {
  if (base64 === '') return rawMember(source, 'result', ...path)
  try {
    return decodeBase64(base64)
  } catch {
    throw new TypeError(`The app answered with broken base64 for ${path.join('.')}`)
  }
}

/** The options of a subscription at this path of the result. @throws TypeError for broken base64 */
export function subscriptionIn(
  source: string,
  given: z.output<typeof subscription>,
  ...path: string[]
): ServerSubscription {
  const info = payloadIn(source, given.b64info, ...path, 'info')
  const data = payloadIn(source, given.b64data, ...path, 'data')
  return {
    ...(info === undefined ? {} : { info }),
    ...(data === undefined ? {} : { data }),
    ...(given.override ? { override: given.override } : {}),
  }
}
