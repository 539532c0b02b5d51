import { useCallback } from 'react'
import { Button } from '../../components/ui/button.tsx'
import type { FoundRoom } from '../model.ts'
import { useMessenger } from '../react/messenger-provider.tsx'
import { useFound } from '../react/use-found.ts'
import { useMessengerNavigation } from '../react/use-navigation.ts'
import { useRequest } from '../react/use-request.ts'
import { Problem } from './problem.tsx'
import { UnknownRoomHeader } from './room-header.tsx'
import { countOf } from './room-preview.ts'

/** As many as one search gives: a public room may be behind them. */
const foundAtOnce = 100

/** A room that I am not in: I can join it when it is public, and else do not even learn its name. */
export function NotMember({ roomId }: { roomId: number }) {
  const messenger = useMessenger()
  const { toRooms } = useMessengerNavigation()
  const { busy, failure, run } = useRequest()
  const search = useCallback((): Promise<readonly FoundRoom[]> => messenger.searchRooms(''), [messenger])
  const { found } = useFound('', search)
  const room = found?.find(({ id }) => id === roomId)
  const mayBePublic = room !== undefined || (found !== undefined && found.length >= foundAtOnce)
  return (
    <>
      <UnknownRoomHeader />
      <Problem
        title="You are not a member of this room"
        text={
          room === undefined
            ? 'It is private, or it does not exist.'
            : `${room.name} is open to everybody: ${countOf(room.member_count, 'member')}.`
        }
        failure={failure}
      >
        {mayBePublic ? (
          <Button disabled={busy} focusableWhenDisabled onClick={() => void run(() => messenger.join(roomId))}>
            {busy ? 'Joining' : room === undefined ? 'Join' : `Join ${room.name}`}
          </Button>
        ) : null}
        <Button variant="secondary" onClick={toRooms}>
          My rooms
        </Button>
      </Problem>
    </>
  )
}
