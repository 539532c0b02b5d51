/** The server's side of the realtime page. */
import {
  isRealtimeEnabled,
  issueConnectionToken,
  issueSubscriptionToken,
  personalChannel,
  publish,
  realtimeWsUrl,
} from '@backchannel/realtime'
import { createServerFn } from '@tanstack/react-start'
import { getRequest, setResponseHeader } from '@tanstack/react-start/server'
import { desc, eq } from 'drizzle-orm'
import { z } from 'zod'
import type { AppContext } from '../app-context.ts'
import { messages } from '../db/schema.ts'
import { centrifugoApiUrl, localCentrifugo } from './centrifugo.ts'
import { demoChannel } from './channels.ts'
import type { Message } from './message.ts'
import { answer, checkInput, permissionDenied, requireUser, unauthorized } from './server-answers.ts'
import { userOf, type CurrentUser } from './session.ts'

export type RealtimeConnectionResult =
  | { enabled: false }
  | { enabled: true; token: string; url: string; channel: string }

/** What a signed-in browser needs to connect. 401 without a session. */
export const getRealtimeConnection = createServerFn({ method: 'GET' }).handler(
  async ({ context }): Promise<RealtimeConnectionResult> => {
    const user = await requireUser(getRequest(), context)
    setResponseHeader('cache-control', 'no-store')
    if (!isRealtimeEnabled()) return { enabled: false }
    return {
      enabled: true,
      token: issueConnectionToken(user.id),
      url: realtimeWsUrl(getRequest()),
      channel: demoChannel,
    }
  },
)

/** How realtime is set up here. */
export type RealtimeSetup =
  | { mode: 'off'; missing: string[]; switchedOff: boolean }
  | { mode: 'embedded'; websocketUrl: string; apiUrl: string; apiKeyFile: string }
  | { mode: 'centrifugo'; websocketUrl: string; apiUrl: string }

export interface ChannelInfo {
  readonly name: string
  /** Publishes to it from a terminal. */
  readonly curl: string
}

export interface RealtimePage {
  readonly setup: RealtimeSetup
  readonly shared: ChannelInfo
  readonly personal: ChannelInfo
  /** Of the shared channel. */
  readonly saved: Message[]
}

/** What the realtime page shows before anybody presses Connect. Names and paths, never a key. 401 without a session. */
export const getRealtimePage = createServerFn({ method: 'GET' }).handler(async ({ context }): Promise<RealtimePage> => {
  const user = await requireUser(getRequest(), context)
  const setup = describeSetup(context, getRequest())
  const channel = (name: string): ChannelInfo => ({ name, curl: curlCommand(setup, name) })
  return {
    setup,
    shared: channel(demoChannel),
    personal: channel(personalChannel(user.id)),
    saved: await savedMessages(context, demoChannel),
  }
})

const publishInput = z.object({
  channel: z.string(),
  text: z.string().trim().min(1, 'Write something first.').max(500, 'At most 500 characters.'),
})

export interface PublishResult {
  readonly id: string
  /** False: saved, but nobody was told; realtime is off or down. */
  readonly delivered: boolean
}

/** Saves a message, then publishes it. 400 for bad input, 401 without a session, 403 for another's channel. */
export const publishMessage = createServerFn({ method: 'POST' })
  .validator((input: z.input<typeof publishInput>) => checkInput(publishInput, input))
  .handler(async ({ context, data: { channel, text } }): Promise<PublishResult> => {
    const user = await requireUser(getRequest(), context)
    requireChannel(user, channel)
    const [saved] = await context.db.insert(messages).values({ channel, author: user.name, text }).returning()
    if (saved === undefined) throw new Error('The database returned no row')
    // Committed by now. What follows is best effort: it can't undo the write, and it doesn't throw.
    const message: Message = { id: saved.id, author: saved.author, text, createdAt: saved.createdAt.toISOString() }
    return { id: saved.id, delivered: await publish(channel, message) }
  })

/** The newest messages that the database holds for a channel, newest first. 401 and 403 as above. */
export const getSavedMessages = createServerFn({ method: 'GET' })
  .validator((input: { channel: string }) => checkInput(z.object({ channel: z.string() }), input))
  .handler(async ({ context, data: { channel } }): Promise<Message[]> => {
    requireChannel(await requireUser(getRequest(), context), channel)
    return savedMessages(context, channel)
  })

/** `GET /api/token/connection`: a fresh connection token, for a tab that outlives its first one. */
export async function answerConnectionToken(request: Request, context: AppContext): Promise<Response> {
  const user = await userOf(request, context)
  if (user === undefined) return unauthorized()
  if (!isRealtimeEnabled()) return answer(503, { detail: 'realtime is off' })
  return answer(200, { token: issueConnectionToken(user.id, 120) })
}

/** `GET /api/token/subscription?channel=`: for the user's own personal channel only. */
export async function answerSubscriptionToken(request: Request, context: AppContext): Promise<Response> {
  const user = await userOf(request, context)
  if (user === undefined) return unauthorized()
  const channel = new URL(request.url).searchParams.get('channel')
  if (channel !== personalChannel(user.id)) return permissionDenied()
  if (!isRealtimeEnabled()) return answer(503, { detail: 'realtime is off' })
  return answer(200, { token: issueSubscriptionToken(user.id, channel) })
}

function describeSetup({ hub, hubApiKeyFile }: AppContext, request: Request): RealtimeSetup {
  const { env } = process
  if (!isRealtimeEnabled()) {
    const missing = ['CENTRIFUGO_TOKEN_HMAC_SECRET', 'CENTRIFUGO_API_KEY'].filter((name) => !env[name])
    return { mode: 'off', missing, switchedOff: env['REALTIME'] === 'off' }
  }
  const websocketUrl = realtimeWsUrl(request)
  return hub === undefined
    ? { mode: 'centrifugo', websocketUrl, apiUrl: centrifugoApiUrl() }
    : { mode: 'embedded', websocketUrl, apiUrl: `${new URL(request.url).origin}/api`, apiKeyFile: hubApiKeyFile }
}

function curlCommand(setup: RealtimeSetup, channel: string): string {
  const api = setup.mode === 'off' ? localCentrifugo : setup.apiUrl
  const [before, key] =
    setup.mode === 'embedded' ? ['', `$(cat ${setup.apiKeyFile})`] : ['. ./.env.local\n', '$CENTRIFUGO_API_KEY']
  const body = JSON.stringify({ channel, data: { text: 'Hello from a terminal' } })
  return `${before}curl -X POST ${api}/publish \\\n  -H "X-API-Key: ${key}" \\\n  -d '${body}'`
}

async function savedMessages({ db }: AppContext, channel: string): Promise<Message[]> {
  const rows = await db
    .select()
    .from(messages)
    .where(eq(messages.channel, channel))
    .orderBy(desc(messages.createdAt))
    .limit(5)
  return rows.map(({ id, author, text, createdAt }) => ({ id, author, text, createdAt: createdAt.toISOString() }))
}

function requireChannel(user: CurrentUser, channel: string): void {
  if (channel !== demoChannel && channel !== personalChannel(user.id)) throw permissionDenied()
}
