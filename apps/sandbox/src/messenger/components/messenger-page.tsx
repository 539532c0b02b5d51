import type { Person } from '../model.ts'
import { MessengerProvider } from '../react/messenger-provider.tsx'
import { useOwnMessenger } from '../react/use-own-messenger.ts'
import { MessengerApp, type MessengerPlace } from './messenger-app.tsx'
import { MessengerSkeleton } from './skeletons.tsx'

/** The messenger with its connection, for as long as it is on the page. Its own chunk: who comes here loads it. */
export default function MessengerPage({ me, ...place }: { me: Person } & MessengerPlace) {
  const messenger = useOwnMessenger(me)
  if (messenger === undefined) return <MessengerSkeleton roomIsOpen={place.roomId !== undefined} />
  return (
    <MessengerProvider key={me.id} messenger={messenger}>
      <MessengerApp {...place} />
    </MessengerProvider>
  )
}
