import { createFileRoute } from '@tanstack/react-router'
import { answerConnectionToken } from '../../../lib/realtime-server.ts'

export const Route = createFileRoute('/api/token/connection')({
  server: { handlers: { GET: ({ request, context }) => answerConnectionToken(request, context) } },
})
