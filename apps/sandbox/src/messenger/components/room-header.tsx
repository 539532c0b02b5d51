import { ArrowLeft, Lock, LogOut, Users } from 'lucide-react'
import { useState, type Ref } from 'react'
import type { RoomState } from '../client/types.ts'
import { useMessengerState } from '../react/messenger-provider.tsx'
import { useMessengerNavigation } from '../react/use-navigation.ts'
import { usePeerOnline } from '../react/use-peer-online.ts'
import { ConnectionDot } from './connection-dot.tsx'
import { ConfirmDialog } from './dialog-frame.tsx'
import { IconButton } from './icon-button.tsx'
import { countOf, typingLine } from './room-preview.ts'
import { RoomAvatar } from './room-row.tsx'

const bar = 'flex h-14 shrink-0 items-center gap-2 border-b bg-surface px-2 sm:gap-3 md:px-4'

export function RoomHeader({
  room,
  membersButton,
  panelIsOpen,
  onMembers,
  onLeave,
}: {
  room: RoomState
  membersButton: Ref<HTMLButtonElement>
  panelIsOpen: boolean
  onMembers: () => void
  onLeave: () => Promise<void>
}) {
  const typing = useMessengerState((state) => state.typing.get(room.id))
  const online = usePeerOnline(room)
  const [asksToLeave, setAsksToLeave] = useState(false)
  const isDirect = room.kind === 'direct'
  const about = isDirect
    ? online === undefined
      ? 'Direct message'
      : online
        ? 'Online'
        : 'Offline'
    : countOf(room.member_count, 'member')
  return (
    <div className={bar}>
      <BackButton />
      <RoomAvatar room={room} online={online === true} size="md" />
      <div className="min-w-0 grow">
        <h2 className="flex items-center gap-1.5 text-[0.9375rem] leading-tight font-semibold tracking-tight">
          <bdi className="truncate">{room.name}</bdi>
          {room.kind === 'private' ? (
            <Lock role="img" aria-label="private" className="size-3.5 shrink-0 text-ink-soft" />
          ) : null}
          <ConnectionDot className="ml-1 md:hidden" />
        </h2>
        <p data-testid="room-about" className="mt-0.5 truncate text-xs text-ink-soft">
          {typing === undefined || typing.length === 0 ? (
            about
          ) : (
            <span className="text-live">
              {typingLine(typing)}
              <TypingDots />
            </span>
          )}
        </p>
      </div>
      <IconButton
        ref={membersButton}
        label="Members"
        Icon={Users}
        aria-expanded={panelIsOpen}
        onClick={onMembers}
        className="aria-expanded:bg-sunken aria-expanded:text-ink"
      />
      {isDirect ? null : (
        <>
          <IconButton label="Leave room" Icon={LogOut} onClick={() => setAsksToLeave(true)} />
          <ConfirmDialog
            title={`Leave ${room.name}?`}
            text={
              room.kind === 'private'
                ? 'To come back, a member has to invite you again.'
                : 'You get no more messages from it. You can join again at any time.'
            }
            action="Leave"
            open={asksToLeave}
            onClose={() => setAsksToLeave(false)}
            onConfirm={onLeave}
          />
        </>
      )}
    </div>
  )
}

/** Of a room that is not, or not yet, known. */
export function UnknownRoomHeader() {
  return (
    <div className={bar}>
      <BackButton />
      <ConnectionDot className="ml-auto md:hidden" />
    </div>
  )
}

/** On a phone, where the rooms are another page. */
function BackButton() {
  const { toRooms } = useMessengerNavigation()
  return <IconButton label="Back to my rooms" Icon={ArrowLeft} className="md:hidden" onClick={toRooms} />
}

function TypingDots() {
  return (
    <span aria-hidden className="ml-1 inline-flex gap-0.5">
      {['', '[animation-delay:200ms]', '[animation-delay:400ms]'].map((delay) => (
        <span key={delay} className={`size-1 rounded-full bg-current motion-safe:animate-pulse ${delay}`} />
      ))}
    </span>
  )
}
