import { live } from '#lib/server/realtime.ts'

export const GET = ({ request }: { request: Request }) => live.upgrade(request)
