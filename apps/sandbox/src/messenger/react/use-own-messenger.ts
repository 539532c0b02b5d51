import { useRouter } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { createMessenger } from '../client/create-messenger.ts'
import type { Messenger } from '../client/types.ts'
import type { Person } from '../model.ts'

/** A messenger for this person, from the first effect on until the component goes. */
export function useOwnMessenger({ id, name }: Person): Messenger | undefined {
  const router = useRouter()
  const [messenger, setMessenger] = useState<Messenger>()
  useEffect(() => {
    const opened = createMessenger({
      me: { id, name },
      onUnauthorized: () => void router.navigate({ to: '/sign-in', search: { redirect: router.state.location.href } }),
    })
    setMessenger(opened)
    return () => {
      setMessenger(undefined)
      opened.close()
    }
  }, [router, id, name])
  return messenger
}
