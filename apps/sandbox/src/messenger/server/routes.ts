/** The messenger's REST API: which request is what, who may make it, and what is answered. JSON in and out. */
import type { AppContext } from '../../app-context.ts'
import { answer, unauthorized } from '../../lib/server-answers.ts'
import { userOf } from '../../lib/session.ts'
import { userHeader, type Person } from '../model.ts'
import { invite, joinRoom, leaveRoom, listMembers, markRead, sayTyping } from './membership.ts'
import { deleteMessage, editMessage, pageOfMessages, postMessage, searchMessages } from './messages.ts'
import { searchPeople } from './people.ts'
import type { Rates } from './rates.ts'
import { Refusal } from './refusal.ts'
import { bodies, maxInteger, queries, readBody, readId, readQuery, requireOwnOrigin } from './requests.ts'
import { selectRoom, selectRooms } from './room-changes.ts'
import { createRoom, openDirect, searchRooms } from './rooms.ts'

interface Asked {
  readonly request: Request
  readonly context: AppContext['messenger']
  readonly me: Person
  /** What stands in the path in place of `:room` and `:message`. */
  readonly room: number
  readonly message: number
}

interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below `/api`. */
  readonly path: string
  /** What a request counts as; reading is not counted. @default 'change' for all but GET */
  readonly rate?: keyof Rates
  readonly handle: (asked: Asked) => Promise<Response>
}

const ok = (body: object) => answer(200, body)

const routes: readonly Route[] = [
  {
    method: 'GET',
    path: 'rooms',
    handle: async ({ context, me }) => ok({ rooms: await selectRooms(context.db, me.id) }),
  },
  {
    method: 'POST',
    path: 'rooms',
    handle: async ({ request, context, me }) =>
      answer(201, await createRoom(context, me, await readBody(request, bodies.newRoom))),
  },
  {
    method: 'GET',
    path: 'rooms/search',
    handle: async ({ request, context, me }) =>
      ok({ rooms: await searchRooms(context, me, readQuery(request, queries.search).q) }),
  },
  {
    method: 'GET',
    path: 'rooms/:room',
    handle: async ({ context, me, room }) => ok(await selectRoom(context.db, me.id, room)),
  },
  {
    method: 'GET',
    path: 'rooms/:room/messages',
    handle: async ({ request, context, me, room }) =>
      ok(await pageOfMessages(context, me, room, readQuery(request, queries.messages))),
  },
  {
    method: 'POST',
    path: 'rooms/:room/messages',
    rate: 'post',
    handle: async ({ request, context, me, room }) => {
      const { created, message } = await postMessage(context, me, room, await readBody(request, bodies.newMessage))
      return answer(created ? 201 : 200, message)
    },
  },
  {
    method: 'PATCH',
    path: 'rooms/:room/messages/:message',
    handle: async ({ request, context, me, room, message }) => {
      const { content } = await readBody(request, bodies.changedMessage)
      return ok(await editMessage(context, me, { roomId: room, messageId: message, content }))
    },
  },
  {
    method: 'DELETE',
    path: 'rooms/:room/messages/:message',
    handle: async ({ context, me, room, message }) =>
      ok(await deleteMessage(context, me, { roomId: room, messageId: message })),
  },
  {
    method: 'POST',
    path: 'rooms/:room/join',
    handle: async ({ context, me, room }) => ok({ room: await joinRoom(context, me, room) }),
  },
  {
    method: 'POST',
    path: 'rooms/:room/leave',
    handle: async ({ context, me, room }) => {
      await leaveRoom(context, me, room)
      return ok({})
    },
  },
  {
    method: 'GET',
    path: 'rooms/:room/members',
    handle: async ({ request, context, me, room }) =>
      ok(await listMembers(context, me, room, readQuery(request, queries.members).after)),
  },
  {
    method: 'POST',
    path: 'rooms/:room/members',
    handle: async ({ request, context, me, room }) => {
      await invite(context, me, room, (await readBody(request, bodies.person)).user_id)
      return ok({})
    },
  },
  {
    method: 'POST',
    path: 'rooms/:room/read',
    handle: async ({ request, context, me, room }) => {
      const { seq } = await readBody(request, bodies.read)
      return ok({ read_seq: await markRead(context, me, room, seq) })
    },
  },
  {
    method: 'POST',
    path: 'rooms/:room/typing',
    rate: 'typing',
    handle: async ({ context, me, room }) => {
      await sayTyping(context, me, room)
      return new Response(null, { status: 204 })
    },
  },
  {
    method: 'POST',
    path: 'direct',
    handle: async ({ request, context, me }) => {
      const { created, room } = await openDirect(context, me, (await readBody(request, bodies.person)).user_id)
      return answer(created ? 201 : 200, room)
    },
  },
  {
    method: 'GET',
    path: 'messages/search',
    handle: async ({ request, context, me }) => {
      const { q, room } = readQuery(request, queries.messageSearch)
      return ok({ messages: await searchMessages(context, me, q, room) })
    },
  },
  {
    method: 'GET',
    path: 'people',
    handle: async ({ request, context, me }) =>
      ok({ people: await searchPeople(context, me, readQuery(request, queries.search).q) }),
  },
]

const patterns = routes.map((route) => ({
  ...route,
  pattern: new RegExp(`^/api/${route.path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}/?$`),
}))

/** Answers everything below `/api/rooms`, `/api/direct`, `/api/messages` and `/api/people`. */
export async function answerMessenger(request: Request, context: AppContext): Promise<Response> {
  try {
    return await route(request, context)
  } catch (error) {
    if (!(error instanceof Refusal)) {
      context.log.error({ err: error, method: request.method }, 'a request of the messenger failed')
      return answer(500, { detail: 'Something went wrong on the server. Please try again.' })
    }
    const refused = answer(error.status, { detail: error.message })
    if (error.retryAfter !== undefined) refused.headers.set('retry-after', String(error.retryAfter))
    return refused
  }
}

async function route(request: Request, context: AppContext): Promise<Response> {
  const me = await userOf(request, context)
  // A page that was made for somebody else, before another tab signed this one in.
  const meant = request.headers.get(userHeader)
  if (me === undefined || (meant !== null && meant !== me.id)) return unauthorized()
  const { pathname } = new URL(request.url)
  const here = patterns.filter(({ pattern }) => pattern.test(pathname))
  const asked = request.method === 'HEAD' ? 'GET' : request.method
  const found = here.find(({ method }) => method === asked)
  if (found === undefined) {
    if (here.length === 0) throw new Refusal(404, 'There is nothing here.')
    const refused = answer(405, { detail: `${request.method} can’t be done here.` })
    refused.headers.set('allow', here.map(({ method }) => method).join(', '))
    return refused
  }
  const { messenger } = context
  if (found.method !== 'GET') {
    requireOwnOrigin(request, messenger.publicUrl)
    const wait = await messenger.rates[found.rate ?? 'change'](me.id)
    if (wait !== undefined) {
      throw new Refusal(429, `That was too fast: wait ${wait === 1 ? 'a second' : `${wait} seconds`}.`, wait)
    }
  }
  const names = found.pattern.exec(pathname)?.groups ?? {}
  return found.handle({
    request,
    context: messenger,
    me: { id: me.id, name: me.name },
    // No row has the id 0.
    room: readId(names['room'], maxInteger) ?? 0,
    message: readId(names['message'], Number.MAX_SAFE_INTEGER) ?? 0,
  })
}
