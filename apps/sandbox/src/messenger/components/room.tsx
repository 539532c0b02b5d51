import { useLayoutEffect, useRef, useState } from 'react'
import { Button } from '../../components/ui/button.tsx'
import type { RoomState } from '../client/types.ts'
import type { Message } from '../model.ts'
import { useMessenger, useMessengerState, useRoom } from '../react/messenger-provider.tsx'
import { useMessengerNavigation } from '../react/use-navigation.ts'
import { Composer } from './composer.tsx'
import { MemberPanel } from './member-panel.tsx'
import { MessageLog } from './message-log.tsx'
import { NotMember } from './not-member.tsx'
import { Problem } from './problem.tsx'
import { RoomHeader, UnknownRoomHeader } from './room-header.tsx'
import { MessagesSkeleton } from './skeletons.tsx'

/** One room, or why it can't be shown. Another room is another one of these. */
export function Room({
  roomId,
  target,
  onArrived,
}: {
  roomId: number
  /** The message to open it at. */
  target: number | undefined
  onArrived: () => void
}) {
  const messenger = useMessenger()
  const room = useRoom(roomId)
  const failure = useMessengerState((state) => state.failure)
  const isStranger = useMessengerState((state) => state.notMember.has(roomId))

  // Before the effects of what is in it: they speak of the room that is open.
  useLayoutEffect(() => messenger.open(roomId), [messenger, roomId])

  if (room !== undefined) return <OwnRoom room={room} target={target} onArrived={onArrived} />
  if (isStranger) return <NotMember roomId={roomId} />
  return (
    <>
      <UnknownRoomHeader />
      {failure === null ? (
        <MessagesSkeleton />
      ) : (
        <Problem title="This room could not be loaded" text={failure}>
          <Button variant="secondary" onClick={() => messenger.reload()}>
            Retry
          </Button>
        </Problem>
      )}
    </>
  )
}

function OwnRoom({ room, target, onArrived }: { room: RoomState; target: number | undefined; onArrived: () => void }) {
  const messenger = useMessenger()
  const { toRooms } = useMessengerNavigation()
  const failure = useMessengerState((state) => state.loadFailures.get(room.id))
  const [editing, setEditing] = useState<Message>()
  const [panelIsOpen, setPanelIsOpen] = useState(false)
  const membersButton = useRef<HTMLButtonElement>(null)
  const composer = useRef<HTMLTextAreaElement>(null)

  const closePanel = () => {
    setPanelIsOpen(false)
    membersButton.current?.focus()
  }

  return (
    // Escape closes what is open here; whatever has the focus meanwhile hears it first.
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions
    <div
      className="relative flex min-h-0 grow"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented || !panelIsOpen) return
        if (event.target instanceof Node && event.currentTarget.contains(event.target)) closePanel()
      }}
    >
      <section aria-label={room.name} className="flex min-w-0 grow flex-col">
        <RoomHeader
          room={room}
          membersButton={membersButton}
          panelIsOpen={panelIsOpen}
          onMembers={() => setPanelIsOpen((open) => !open)}
          onLeave={async () => {
            await messenger.leave(room.id)
            toRooms()
          }}
        />
        {room.messages === undefined ? (
          failure === undefined ? (
            <MessagesSkeleton />
          ) : (
            <Problem title="The messages could not be loaded" text={failure}>
              <Button variant="secondary" onClick={() => messenger.open(room.id)}>
                Retry
              </Button>
            </Problem>
          )
        ) : (
          <MessageLog
            room={room}
            messages={room.messages}
            failure={failure}
            target={target}
            onArrived={onArrived}
            onEdit={(message) => {
              setEditing(message)
              composer.current?.focus()
            }}
          />
        )}
        <Composer ref={composer} room={room} editing={editing} onEdit={setEditing} />
      </section>
      {panelIsOpen ? <MemberPanel room={room} onClose={closePanel} /> : null}
    </div>
  )
}
