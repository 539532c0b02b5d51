import { createFileRoute } from '@tanstack/react-router'
import { answerSubscriptionToken } from '../../../lib/realtime-server.ts'

export const Route = createFileRoute('/api/token/subscription')({
  server: { handlers: { GET: ({ request, context }) => answerSubscriptionToken(request, context) } },
})
