/** The server's side of the streams page. */
import { createServerFn } from '@tanstack/react-start'
import { getRequest } from '@tanstack/react-start/server'
import { z } from 'zod'
import type { AppContext } from '../app-context.ts'
import { checkInput, requireUser } from './server-answers.ts'
import type { CurrentUser } from './session.ts'
import { audiences, type Audience } from './streams.ts'

const driver = z.enum(['sse', 'websocket'])
const noteInput = z.object({
  driver,
  to: z.enum(audiences),
  text: z.string().trim().min(1, 'Write something first.').max(500, 'At most 500 characters.'),
})

/** How many connections a note was sent to. 400 for bad input, 401 without a session. */
export const sendNote = createServerFn({ method: 'POST' })
  .validator((input: z.input<typeof noteInput>) => checkInput(noteInput, input))
  .handler(async ({ context, data }): Promise<{ reached: number }> => {
    const user = await requireUser(getRequest(), context)
    return { reached: await send(context, user, data) }
  })

/** Ends the visitor's own connections, as a network would. 401 without a session. */
export const cutConnections = createServerFn({ method: 'POST' })
  .validator((input: { driver: z.input<typeof driver> }) => checkInput(z.object({ driver }), input))
  .handler(async ({ context, data }): Promise<{ cut: number }> => {
    const user = await requireUser(getRequest(), context)
    return { cut: context.streams[data.driver].disconnect(user.id) }
  })

/** `GET /api/streams/events`: the event stream, which is in the lobby from the beginning. */
export async function answerEvents(request: Request, context: AppContext): Promise<Response> {
  const { response } = await context.streams.sse.sse(request, { channels: ['lobby'] })
  return response
}

/** `GET /api/streams/socket`: the WebSocket, which has to ask for the lobby. */
export function answerSocket(request: Request, context: AppContext): Promise<Response> {
  const { websocket } = context.streams
  return websocket.upgrade(request, {
    onMessage: async (socket, message) => {
      if (typeof message !== 'string') return
      await socket.send(`echo: ${message}`)
    },
    onHeartbeat: async (socket, roundTripMs) => {
      await websocket.sendTo(socket, { event: 'beat', data: { roundTripMs: Math.round(roundTripMs) } })
    },
  })
}

async function send(
  { streams }: AppContext,
  user: CurrentUser,
  { driver: name, to, text }: { driver: 'sse' | 'websocket'; to: Audience; text: string },
): Promise<number> {
  const event = { event: 'note', data: { author: user.name, text } } as const
  const realtime = streams[name]
  switch (to) {
    case 'everybody':
      return realtime.broadcast(event)
    case 'me':
      return realtime.sendTo(user.id, event)
    case 'lobby':
      return realtime.toChannel('lobby').broadcast(event)
  }
}
