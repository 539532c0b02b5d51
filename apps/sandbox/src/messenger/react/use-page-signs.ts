import { useLocation } from '@tanstack/react-router'
import { useEffect, useMemo } from 'react'
import { pageTitle, unreadTotal } from '../components/page-title.ts'
import { useMessengerState } from './messenger-provider.tsx'

/** What the tab itself shows of unread messages: their number in its title, and a dot on its picture. */
export function usePageSigns(): void {
  const rooms = useMessengerState((state) => state.rooms)
  const unread = useMemo(() => unreadTotal(rooms.values()), [rooms])
  const title = pageTitle(unread)
  const address = useLocation({ select: ({ href }) => href })
  useEffect(() => {
    // A navigation writes the route’s own title.
    const before = document.title
    document.title = title
    return () => {
      if (document.title === title) document.title = before
    }
  }, [title, address])

  const hasUnread = unread > 0
  useEffect(() => {
    const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
    if (!hasUnread || icon === null) return
    const before = icon.href
    icon.href = dottedIcon
    return () => {
      icon.href = before
    }
  }, [hasUnread])
}

const dottedIcon = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#b4501b"/>' +
    '<circle cx="11" cy="21" r="3" fill="#fff"/>' +
    '<path d="M11 13a8 8 0 0 1 8 8M11 7.5A13.5 13.5 0 0 1 24.5 21" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/>' +
    '<circle cx="25" cy="7" r="7" fill="#d6213a" stroke="#fff" stroke-width="2"/></svg>',
)}`
