import { Menu } from '@base-ui/react/menu'
import { ArrowLeft, Bell, Check, Compass, EllipsisVertical, MessageSquarePlus, Plus, Search } from 'lucide-react'
import { useState } from 'react'
import type { LeftView } from '../react/use-navigation.ts'
import type { NotificationChoice } from '../react/use-notifications.ts'
import { ConnectionDot } from './connection-dot.tsx'
import { Discover } from './discover.tsx'
import { IconButton } from './icon-button.tsx'
import { menuItem, menuPopup } from './menu-look.ts'
import { MessageSearch } from './message-search.tsx'
import { NewDirectDialog } from './new-direct-dialog.tsx'
import { NewRoomDialog } from './new-room-dialog.tsx'
import { RoomList } from './room-list.tsx'

export function LeftColumn({
  activeId,
  view,
  onView,
  notifications,
}: {
  activeId: number | undefined
  view: LeftView | undefined
  onView: (view: LeftView | undefined) => void
  notifications: NotificationChoice
}) {
  const [dialog, setDialog] = useState<'room' | 'direct'>()
  const close = () => setDialog(undefined)
  return (
    <>
      <div className="flex h-14 shrink-0 items-center gap-0.5 border-b pr-1 pl-4">
        {view === undefined ? (
          <>
            <h2 className="min-w-0 truncate text-base font-semibold tracking-tight">Messages</h2>
            <ConnectionDot className="mx-2.5" />
            <div className="grow" />
            <IconButton label="Search messages" Icon={Search} onClick={() => onView('search')} />
            <IconButton label="Discover rooms" Icon={Compass} onClick={() => onView('discover')} />
            <IconButton label="New room" Icon={Plus} onClick={() => setDialog('room')} />
            <IconButton label="New direct message" Icon={MessageSquarePlus} onClick={() => setDialog('direct')} />
            <MoreMenu notifications={notifications} />
          </>
        ) : (
          <>
            <IconButton label="Back to my rooms" Icon={ArrowLeft} className="-ml-2" onClick={() => onView(undefined)} />
            <h2 className="ml-1 text-base font-semibold tracking-tight">
              {view === 'discover' ? 'Discover rooms' : 'Search messages'}
            </h2>
            <ConnectionDot className="ml-2.5" />
          </>
        )}
      </div>
      {view === undefined ? <RoomList activeId={activeId} onDiscover={() => onView('discover')} /> : null}
      {view === 'discover' ? <Discover /> : null}
      {view === 'search' ? <MessageSearch /> : null}
      <NewRoomDialog open={dialog === 'room'} onClose={close} />
      <NewDirectDialog open={dialog === 'direct'} onClose={close} />
    </>
  )
}

function MoreMenu({ notifications }: { notifications: NotificationChoice }) {
  // The menu stays within the page's landmark, where a screen reader looks for it.
  const [place, setPlace] = useState<HTMLElement | null>(null)
  return (
    <Menu.Root>
      <div ref={setPlace} />
      <Menu.Trigger render={<IconButton label="More" Icon={EllipsisVertical} />} />
      <Menu.Portal container={place}>
        <Menu.Positioner align="end" sideOffset={6} className="z-30">
          <Menu.Popup className={menuPopup}>
            <Menu.CheckboxItem
              className={menuItem}
              checked={notifications.on}
              disabled={notifications.blocked}
              onCheckedChange={notifications.set}
            >
              <Bell aria-hidden className="size-4" />
              <span className="grow">
                Desktop notifications
                {notifications.blocked ? <span className="block text-xs">Blocked by the browser</span> : null}
              </span>
              <Menu.CheckboxItemIndicator>
                <Check aria-hidden className="size-4" />
              </Menu.CheckboxItemIndicator>
            </Menu.CheckboxItem>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}
