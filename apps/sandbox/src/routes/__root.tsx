import { HeadContent, Outlet, Scripts, createRootRoute, useMatch, useRouter } from '@tanstack/react-router'
import { useEffect, type ReactNode } from 'react'
import { SiteHeader } from '../components/site-header.tsx'
import { focusHeadingOnNavigation } from '../lib/focus-heading.ts'
import { getCurrentUser } from '../lib/session.ts'
import { themeScript } from '../lib/theme.ts'
import styles from '../styles.css?url'

/** Who is signed in, as this page heard it last. */
let known: Awaited<ReturnType<typeof getCurrentUser>> | undefined

export const Route = createRootRoute({
  head: () => ({
    meta: [
      { charSet: 'utf-8' },
      { name: 'viewport', content: 'width=device-width, initial-scale=1' },
      { title: 'Backchannel' },
      {
        name: 'description',
        content: 'Realtime for TypeScript apps: a server publishes, every subscribed browser hears it.',
      },
      { name: 'color-scheme', content: 'light dark' },
    ],
    links: [
      { rel: 'stylesheet', href: styles },
      { rel: 'icon', href: '/favicon.svg', type: 'image/svg+xml' },
    ],
    scripts: [{ children: themeScript }],
  }),
  beforeLoad: async () => {
    if (typeof document === 'undefined') return getCurrentUser()
    try {
      return (known = await getCurrentUser())
    } catch (error) {
      // Without the server one goes on as whoever one was: what asks for a session is told when it is over.
      if (known === undefined || error instanceof Response) throw error
      return known
    }
  },
  shellComponent: Shell,
  component: Layout,
})

function Shell({ children }: { children: ReactNode }) {
  return (
    // The theme script has set the class before React looks.
    <html lang="en" suppressHydrationWarning>
      <head>
        <HeadContent />
      </head>
      <body className="flex min-h-dvh flex-col">
        {children}
        <Scripts />
      </body>
    </html>
  )
}

function Layout() {
  const { user } = Route.useRouteContext()
  const router = useRouter()
  useEffect(() => focusHeadingOnNavigation(router), [router])
  const fillsViewport = useMatch({ from: '/messenger', shouldThrow: false }) !== undefined
  const roomIsOpen = useMatch({ from: '/messenger/$roomId', shouldThrow: false }) !== undefined
  return (
    <div className={fillsViewport ? 'flex h-dvh flex-col' : 'contents'}>
      <a
        href="#main"
        className="sr-only z-30 rounded-md bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:absolute focus:top-3 focus:left-3"
      >
        Skip to content
      </a>
      {/* A phone has no room for both. */}
      <div className={roomIsOpen ? 'max-md:hidden' : 'contents'}>
        <SiteHeader user={user} />
      </div>
      <Outlet />
      <footer className={fillsViewport ? 'hidden' : 'mt-auto border-t'}>
        <p className="mx-auto max-w-6xl px-4 py-6 text-xs text-ink-soft sm:px-6">
          Backchannel is open source, MIT licensed. This sandbox runs on your own machine and talks to nobody else.
        </p>
      </footer>
    </div>
  )
}
