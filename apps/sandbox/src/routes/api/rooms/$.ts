import { createFileRoute } from '@tanstack/react-router'
import { answerMessenger } from '../../../messenger/server/routes.ts'

export const Route = createFileRoute('/api/rooms/$')({
  server: { handlers: { ANY: ({ request, context }) => answerMessenger(request, context) } },
})
