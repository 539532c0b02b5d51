import { ClientOnly, createFileRoute, redirect, useMatch } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { MessengerSkeleton } from '../messenger/components/skeletons.tsx'

// For browsers, and for those who come here.
const MessengerPage = lazy(() => import('../messenger/components/messenger-page.tsx'))

/** The rooms; which of them is open is its child's business. The messenger lives on while one goes from room to room. */
export const Route = createFileRoute('/messenger')({
  validateSearch: ({ view }: Record<string, unknown>): { view?: 'discover' | 'search' } =>
    view === 'discover' || view === 'search' ? { view } : {},
  beforeLoad: ({ context, location }) => {
    if (context.user === undefined) throw redirect({ to: '/sign-in', search: { redirect: location.href } })
    return { user: context.user }
  },
  head: () => ({ meta: [{ title: 'Backchannel messenger' }] }),
  component: MessengerRoute,
})

function MessengerRoute() {
  const { id, name } = Route.useRouteContext().user
  const { view } = Route.useSearch()
  const room = useMatch({ from: '/messenger/$roomId', shouldThrow: false })
  const roomId = room && Number(room.params.roomId)
  const skeleton = <MessengerSkeleton roomIsOpen={roomId !== undefined} />
  return (
    <main id="main" className="relative flex min-h-0 grow flex-col overflow-hidden bg-paper">
      <h1 className="sr-only">Messenger</h1>
      <ClientOnly fallback={skeleton}>
        <Suspense fallback={skeleton}>
          <MessengerPage me={{ id, name }} roomId={roomId} target={room?.search.m} view={view} />
        </Suspense>
      </ClientOnly>
    </main>
  )
}
