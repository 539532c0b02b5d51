import { createFileRoute, redirect } from '@tanstack/react-router'

/** An open room; it is drawn by the route above, which does not end with it. `m` is the message to open it at. */
export const Route = createFileRoute('/messenger/$roomId')({
  validateSearch: ({ m }: Record<string, unknown>): { m?: number } =>
    typeof m === 'number' && Number.isSafeInteger(m) && m > 0 ? { m } : {},
  beforeLoad: ({ params }) => {
    if (!/^[1-9]\d{0,14}$/.test(params.roomId)) throw redirect({ to: '/messenger' })
  },
})
