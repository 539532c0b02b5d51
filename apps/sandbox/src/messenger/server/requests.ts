/** What a request brings, checked: where it comes from, its body, its parameters. */
import { z } from 'zod'
import { limits } from '../model.ts'
import { Refusal } from './refusal.ts'

/** Bytes of a body; the longest message takes a quarter of it at most. */
const maxBody = 64 * 1024
/** What a column of type integer holds. */
export const maxInteger = 2_147_483_647

/**
 * A change is made by this app's own pages only, whoever's cookie comes with it.
 * @throws Refusal 403
 */
export function requireOwnOrigin({ headers, url }: Request, publicUrl: string | undefined): void {
  const site = headers.get('sec-fetch-site')
  // Browsers that can tell, do; the others send their page's origin with everything that is no GET.
  if (site !== null) {
    if (site === 'same-origin') return
  } else {
    const origin = headers.get('origin')
    if (origin !== null && (origin === new URL(url).origin || origin === publicUrl)) return
  }
  throw new Refusal(403, 'Only the pages of this app may do this.')
}

/** @throws Refusal 400, 413, 415 */
export async function readBody<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
  const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw new Refusal(415, 'The content type must be application/json.')
  let body: unknown
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await readBytes(request)))
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal(400, 'The body is not JSON.')
  }
  return check(schema, body)
}

async function readBytes(request: Request): Promise<Uint8Array> {
  const tooLarge = () => new Refusal(413, `At most ${maxBody / 1024} KiB can be sent at once.`)
  if (Number(request.headers.get('content-length') ?? 0) > maxBody) throw tooLarge()
  const chunks: Uint8Array[] = []
  let size = 0
  // A length that was not announced is counted; leaving the loop stops the reading.
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > maxBody) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** @throws Refusal 400 */
export function readQuery<T>(request: Request, schema: z.ZodType<T>): T {
  return check(schema, Object.fromEntries(new URL(request.url).searchParams))
}

function check<T>(schema: z.ZodType<T>, input: unknown): T {
  const { success, data, error } = schema.safeParse(input)
  if (success) return data
  throw new Refusal(400, error.issues[0]?.message ?? 'This is not what is expected here.')
}

/** An id within a path; undefined for what can't be one. */
export function readId(text: string | undefined, max: number): number | undefined {
  return text !== undefined && /^[1-9]\d{0,15}$/.test(text) && Number(text) <= max ? Number(text) : undefined
}

const number = (name: string, min: number, max: number) => {
  const expected = `${name} must be a whole number from ${min} to ${max}.`
  return z.int(expected).min(min, expected).max(max, expected)
}
const numberInQuery = (name: string, min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, `${name} must be a whole number from ${min} to ${max}.`)
    .transform(Number)
    .pipe(number(name, min, max))

const query = z
  .string()
  .max(limits.query, `Search for at most ${limits.query} characters.`)
  .refine(isText, 'A search can’t hold this character.')
  .transform((text) => text.trim())

/** What Postgres can keep as text, and what comes back as it was. */
function isText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

const content = z
  .string('content must be the message’s text.')
  .max(limits.messageLength, `A message has at most ${limits.messageLength} characters.`)
  .refine((text) => text.trim() !== '', 'Write something first.')
  .refine(isText, 'A message can’t hold this character.')

const userId = z.string('user_id must be a person’s id.').max(200, 'There is no such person.').refine(isText, {
  message: 'There is no such person.',
})

const object = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.object(shape, `The body must be an object with ${Object.keys(shape).join(' and ')}.`)

export const bodies = {
  newRoom: object({
    name: z
      .string('name must be the room’s name.')
      .trim()
      .min(1, 'A room needs a name.')
      .max(limits.roomNameLength, `A room’s name has at most ${limits.roomNameLength} characters.`)
      .refine((text) => isText(text) && !/\p{Cc}/u.test(text), 'A room’s name is one line of text.'),
    kind: z.enum(['public', 'private'], 'kind must be public or private.'),
  }),
  newMessage: object({ content, client_id: z.uuid('client_id must be a UUID.').toLowerCase() }),
  changedMessage: object({ content }),
  person: object({ user_id: userId }),
  read: object({ seq: number('seq', 0, maxInteger) }),
}

const seq = (name: string) => numberInQuery(name, 0, maxInteger).optional()

export const queries = {
  search: z.object({ q: query.default('') }),
  messages: z
    .object({
      before: seq('before'),
      after: seq('after'),
      around: seq('around'),
      limit: numberInQuery('limit', 1, limits.page).default(50),
    })
    .refine(({ before, after, around }) => [before, after, around].filter((at) => at !== undefined).length < 2, {
      message: 'before, after and around exclude each other.',
    }),
  messageSearch: z.object({ q: query.default(''), room: numberInQuery('room', 1, maxInteger).optional() }),
  members: z.object({ after: z.string().max(2000, 'after must come from the page before.').optional() }),
}

export type Place = z.output<typeof queries.messages>
