import { UserPlus, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { Button } from '../../components/ui/button.tsx'
import type { RoomState } from '../client/types.ts'
import { useMessenger, useMessengerState } from '../react/messenger-provider.tsx'
import { useMembers } from '../react/use-members.ts'
import { useMessengerNavigation } from '../react/use-navigation.ts'
import { useRequest } from '../react/use-request.ts'
import type { Member } from '../model.ts'
import { Avatar } from './avatar.tsx'
import { DialogFrame } from './dialog-frame.tsx'
import { IconButton } from './icon-button.tsx'
import { PeoplePicker } from './people-picker.tsx'
import { countOf } from './room-preview.ts'

/** Who is in the room: a column beside it, or over it where there is no place for one. */
export function MemberPanel({ room, onClose }: { room: RoomState; onClose: () => void }) {
  const messenger = useMessenger()
  const { members, next, busy, failure, loadMore, reload } = useMembers(room)
  const [invites, setInvites] = useState(false)
  const closeButton = useRef<HTMLButtonElement>(null)
  useEffect(() => closeButton.current?.focus(), [])
  return (
    <aside
      aria-label="Members"
      className="flex w-72 max-w-full shrink-0 flex-col border-l bg-surface max-lg:absolute max-lg:inset-y-0 max-lg:right-0 max-lg:z-10 max-lg:shadow-card max-sm:w-full max-sm:border-l-0"
    >
      <div className="flex h-14 shrink-0 items-center gap-1 border-b pr-2 pl-4">
        <h3 className="min-w-0 grow truncate font-semibold tracking-tight">{countOf(room.member_count, 'member')}</h3>
        {room.kind === 'direct' ? null : (
          <IconButton label="Invite people" Icon={UserPlus} onClick={() => setInvites(true)} />
        )}
        <IconButton ref={closeButton} label="Close members" Icon={X} onClick={onClose} />
      </div>
      <div className="min-h-0 grow overflow-y-auto overscroll-contain p-2">
        <ul aria-label="Members of this room">
          {members.map((member) => (
            <MemberRow key={member.id} member={member} />
          ))}
        </ul>
        <div role="status" className="px-2 text-sm">
          {failure !== undefined ? (
            <div className="grid justify-items-start gap-2 py-2">
              <p className="text-danger">{failure}</p>
              <Button variant="secondary" onClick={reload}>
                Retry
              </Button>
            </div>
          ) : busy ? (
            <p className="py-2 text-ink-soft">Loading.</p>
          ) : null}
        </div>
        {next === null || busy || failure !== undefined ? null : (
          <Button variant="secondary" className="m-2" onClick={loadMore}>
            Show more
          </Button>
        )}
      </div>
      <DialogFrame title={`Invite to ${room.name}`} open={invites} onClose={() => setInvites(false)}>
        <PeoplePicker
          onChoose={async ({ id }) => {
            await messenger.invite(room.id, id)
            setInvites(false)
          }}
        />
      </DialogFrame>
    </aside>
  )
}

function MemberRow({ member }: { member: Member }) {
  const messenger = useMessenger()
  const { toRoom } = useMessengerNavigation()
  const me = useMessengerState((state) => state.me)
  const { busy, failure, run } = useRequest()
  const isMe = member.id === me.id
  const inside = (
    <>
      <Avatar id={member.id} name={member.name} size="sm" online={member.online === true} />
      <span className="min-w-0 grow truncate">
        <bdi className="font-medium">{member.name}</bdi>
        {isMe ? <span className="text-ink-soft"> (you)</span> : null}
      </span>
      {member.online === null ? null : <span className="sr-only">{member.online ? 'online' : 'offline'}</span>}
    </>
  )
  return (
    <li className="text-sm">
      {isMe ? (
        <div className="flex items-center gap-3 p-2">{inside}</div>
      ) : (
        <button
          type="button"
          title={`Write to ${member.name}`}
          aria-disabled={busy}
          onClick={() => void run(async () => toRoom(await messenger.openDirect(member.id)))}
          className="flex w-full items-center gap-3 rounded-lg p-2 text-left -outline-offset-2 hover:bg-sunken"
        >
          {inside}
        </button>
      )}
      <p role="alert" className="px-2 text-danger empty:hidden">
        {failure}
      </p>
    </li>
  )
}
