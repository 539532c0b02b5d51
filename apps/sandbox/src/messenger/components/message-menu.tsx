import { Menu } from '@base-ui/react/menu'
import { Copy, Link as LinkIcon, Pencil, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { Message } from '../model.ts'
import { useMessenger } from '../react/messenger-provider.tsx'
import { ConfirmDialog } from './dialog-frame.tsx'
import { menuItem, menuPopup } from './menu-look.ts'

export interface OpenMenu {
  readonly message: Message
  readonly anchor: HTMLElement
}

/** One for all messages of a room: a menu in each of several hundred rows would be felt. */
export function MessageMenu({
  open,
  meId,
  onClose,
  onEdit,
}: {
  open: OpenMenu | undefined
  meId: string
  onClose: () => void
  onEdit: (message: Message) => void
}) {
  const messenger = useMessenger()
  const [place, setPlace] = useState<HTMLElement | null>(null)
  const [removing, setRemoving] = useState<Message>()
  const [said, setSaid] = useState('')
  // While it closes it still shows what it was opened for.
  const [last, setLast] = useState(open)
  if (open !== undefined && open !== last) setLast(open)
  const message = last?.message
  const isMine = message?.author?.id === meId

  const copy = async (text: string, what: string) => {
    try {
      await navigator.clipboard.writeText(text)
      setSaid(`${what} copied.`)
    } catch {
      // No clipboard outside https and localhost.
      setSaid('The browser does not let this page copy.')
    }
  }

  return (
    <>
      <div ref={setPlace} />
      <p role="status" className="sr-only">
        {said}
      </p>
      {message === undefined ? null : (
        <>
          <Menu.Root open={open !== undefined} onOpenChange={(next) => (next ? undefined : onClose())}>
            <Menu.Portal container={place}>
              <Menu.Positioner anchor={last?.anchor ?? null} align="end" sideOffset={4} className="z-30">
                <Menu.Popup
                  aria-label="Message menu"
                  className={menuPopup}
                  finalFocus={() => (removing === undefined ? (last?.anchor.closest('li') ?? null) : false)}
                >
                  {isMine ? (
                    <Menu.Item className={menuItem} onClick={() => onEdit(message)}>
                      <Pencil aria-hidden className="size-4" />
                      Edit
                    </Menu.Item>
                  ) : null}
                  <Menu.Item className={menuItem} onClick={() => void copy(message.content, 'Text')}>
                    <Copy aria-hidden className="size-4" />
                    Copy text
                  </Menu.Item>
                  <Menu.Item className={menuItem} onClick={() => void copy(linkTo(message), 'Link')}>
                    <LinkIcon aria-hidden className="size-4" />
                    Copy link
                  </Menu.Item>
                  {isMine ? (
                    <Menu.Item className={`${menuItem} text-danger`} onClick={() => setRemoving(message)}>
                      <Trash2 aria-hidden className="size-4" />
                      Delete
                    </Menu.Item>
                  ) : null}
                </Menu.Popup>
              </Menu.Positioner>
            </Menu.Portal>
          </Menu.Root>
          <ConfirmDialog
            title="Delete this message?"
            text="Its text is gone for everybody. That it was there stays visible."
            action="Delete"
            open={removing !== undefined}
            onClose={() => setRemoving(undefined)}
            onConfirm={() => messenger.remove(message.room_id, message.id)}
          />
        </>
      )}
    </>
  )
}

function linkTo({ room_id: roomId, seq }: Message): string {
  return `${location.origin}/messenger/${roomId}?m=${seq}`
}
