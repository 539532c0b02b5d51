import { Menu } from '@base-ui/react/menu'
import { Link, useRouter } from '@tanstack/react-router'
import { ChevronDown, LogOut, Moon, Sun } from 'lucide-react'
import { useEffect, useState } from 'react'
import { signOut } from '../lib/auth-client.ts'
import { sandboxPages } from '../lib/pages.ts'
import type { CurrentUser } from '../lib/session.ts'
import { followSystemTheme, toggleTheme } from '../lib/theme.ts'
import { Logo } from './logo.tsx'
import { Button, buttonClass } from './ui/button.tsx'

export function SiteHeader({ user }: { user: CurrentUser | undefined }) {
  return (
    <header className="sticky top-0 z-20 border-b bg-paper/90 backdrop-blur">
      <div className="mx-auto flex max-w-6xl flex-wrap items-center gap-x-2 px-4 py-3 sm:gap-x-4 sm:px-6">
        <Link to="/" className="flex items-center gap-2.5 rounded-md font-semibold tracking-tight">
          <Logo />
          <span className="max-[26rem]:sr-only">Backchannel</span>
        </Link>
        {/* A row of its own on a phone: with every page there is another. */}
        <nav
          aria-label="Main"
          className="flex items-center gap-1 max-sm:order-last max-sm:gap-0 max-sm:-mx-2 max-sm:basis-full max-sm:overflow-x-auto max-sm:pt-1 sm:ml-4"
        >
          {sandboxPages.map(({ to, label }) => (
            <Link
              key={to}
              to={to}
              className="rounded-md px-2 py-1.5 text-[0.8125rem] text-ink-soft hover:text-ink sm:px-2.5 sm:text-sm"
              activeProps={{ className: 'bg-sunken font-medium text-ink' }}
            >
              {label}
            </Link>
          ))}
        </nav>
        <div className="ml-auto flex items-center gap-1 sm:gap-2">
          <ThemeButton />
          {user === undefined ? (
            <Link to="/sign-in" className={buttonClass({ variant: 'secondary' })}>
              Sign in
            </Link>
          ) : (
            <UserMenu user={user} />
          )}
        </div>
      </div>
    </header>
  )
}

function ThemeButton() {
  useEffect(followSystemTheme, [])
  return (
    <Button variant="quiet" size="icon" onClick={toggleTheme} aria-label="Switch between dark and light">
      <Moon aria-hidden className="size-4.5 dark:hidden" />
      <Sun aria-hidden className="hidden size-4.5 dark:block" />
    </Button>
  )
}

function UserMenu({ user }: { user: CurrentUser }) {
  const router = useRouter()
  const [failure, setFailure] = useState<string>()
  // The menu stays within the header's landmark, where a screen reader looks for it.
  const [place, setPlace] = useState<HTMLElement | null>(null)

  const leave = async () => {
    const outcome = await signOut()
    if (!outcome.ok) return setFailure(outcome.message)
    // In this order: a page that wants a user would lead to the sign-in page first.
    await router.navigate({ to: '/' })
    await router.invalidate()
  }

  return (
    <Menu.Root>
      <div ref={setPlace} />
      <Menu.Trigger className={buttonClass({ variant: 'secondary' }, 'max-w-44')}>
        <span className="truncate">{user.name}</span>
        <ChevronDown aria-hidden className="size-4 shrink-0 text-ink-soft" />
      </Menu.Trigger>
      <Menu.Portal container={place}>
        <Menu.Positioner align="end" sideOffset={6} className="z-30">
          <Menu.Popup className="min-w-56 rounded-xl border bg-surface p-1.5 text-sm shadow-card outline-none">
            <p className="truncate px-2.5 py-2 text-ink-soft">{user.email}</p>
            <Menu.Item
              onClick={() => void leave()}
              closeOnClick={false}
              className="flex w-full cursor-pointer items-center gap-2 rounded-md px-2.5 py-2 outline-none data-highlighted:bg-sunken"
            >
              <LogOut aria-hidden className="size-4" />
              Sign out
            </Menu.Item>
            {failure === undefined ? null : (
              <p role="alert" className="px-2.5 py-2 text-danger">
                {failure}
              </p>
            )}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}
