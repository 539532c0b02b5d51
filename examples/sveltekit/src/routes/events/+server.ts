import { events } from '#lib/server/realtime.ts'

export const GET = ({ request }: { request: Request }) => events.sse(request).response
