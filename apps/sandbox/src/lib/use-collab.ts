import { createCollabSession, type CollabSession } from '@backchannel/collab'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { readerParams } from './collab.ts'

/** The document's session, from the first effect on until the component goes. */
export function useCollabSession({
  url,
  room,
  name,
  asReader,
}: {
  url: string | undefined
  room: string
  name: string
  asReader: boolean
}): CollabSession | undefined {
  const [session, setSession] = useState<CollabSession>()
  useEffect(() => {
    const opened = createCollabSession({
      url,
      room,
      user: { name },
      // A reader's copy would be taken for something it may send.
      persist: !asReader,
      ...(asReader ? { params: readerParams } : {}),
    })
    setSession(opened)
    return () => {
      setSession(undefined)
      // Behind the editor: the news that everybody has left would reach one that is about to go.
      setTimeout(() => void opened.destroy(), 50)
    }
  }, [url, room, name, asReader])
  return session
}

/** What a session says of itself, read again whenever it changes. */
export function useCollabValue<T>(session: CollabSession, read: (session: CollabSession) => T): T {
  return useSyncExternalStore(
    (listener) => session.onChange(listener),
    () => read(session),
  )
}
