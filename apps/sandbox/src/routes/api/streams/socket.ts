import { createFileRoute } from '@tanstack/react-router'
import { answerSocket } from '../../../lib/streams-server.ts'

export const Route = createFileRoute('/api/streams/socket')({
  server: { handlers: { GET: ({ request, context }) => answerSocket(request, context) } },
})
