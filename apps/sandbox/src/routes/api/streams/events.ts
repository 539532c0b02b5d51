import { createFileRoute } from '@tanstack/react-router'
import { answerEvents } from '../../../lib/streams-server.ts'

export const Route = createFileRoute('/api/streams/events')({
  server: { handlers: { GET: ({ request, context }) => answerEvents(request, context) } },
})
