import { ClientOnly, createFileRoute } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { documentName, sharedDocument } from '../lib/collab.ts'
import { getCollabPage } from '../lib/collab-server.ts'

// The editor is for browsers, and for those who come here.
const CollabDemo = lazy(() => import('../components/CollabDemo.tsx'))

export const Route = createFileRoute('/sandbox/collab')({
  validateSearch: ({ doc }: Record<string, unknown>): { doc?: string } =>
    typeof doc === 'string' && documentName.test(doc) ? { doc } : {},
  loader: () => getCollabPage(),
  head: () => ({ meta: [{ title: 'Collab · Backchannel sandbox' }] }),
  component: CollabPage,
})

function CollabPage() {
  const page = Route.useLoaderData()
  const { doc = sharedDocument } = Route.useSearch()
  return (
    <main id="main" className="mx-auto w-full max-w-6xl px-4 py-8 sm:px-6 sm:py-12">
      <h1 className="text-3xl font-semibold tracking-tight sm:text-4xl">Collab</h1>
      <p className="mt-3 max-w-2xl leading-relaxed text-ink-soft">
        One document, and everybody who has it open. Type in two browsers at once, pull the plug on one of them, and
        watch them agree again.
      </p>
      <ClientOnly fallback={<Loading />}>
        <Suspense fallback={<Loading />}>
          <CollabDemo key={doc} document={doc} {...page} />
        </Suspense>
      </ClientOnly>
    </main>
  )
}

function Loading() {
  return (
    <p className="mt-8 grid min-h-96 place-content-center rounded-2xl border bg-surface text-sm text-ink-soft shadow-card">
      Opening the editor.
    </p>
  )
}
