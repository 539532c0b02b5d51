import { ChevronDown } from 'lucide-react'
import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent } from 'react'
import { Button } from '../../components/ui/button.tsx'
import type { RoomState } from '../client/types.ts'
import type { Message } from '../model.ts'
import { useMessenger, useMessengerState } from '../react/messenger-provider.tsx'
import { useEdge } from '../react/use-edge.ts'
import { useLogScroll } from '../react/use-log-scroll.ts'
import { messageOf } from '../react/use-request.ts'
import { useToday } from '../react/use-today.ts'
import { useUnreadFrom } from '../react/use-unread-from.ts'
import { MessageMenu, type OpenMenu } from './message-menu.tsx'
import { messageRows } from './message-rows.ts'
import { MessageRow, type Receipt } from './message-row.tsx'
import './messenger.css'
import { OutgoingRow } from './outgoing-row.tsx'
import { badge, unreadOf } from './page-title.ts'

/** A room's messages: a window of them, with more loaded where the reader comes near its edge. */
export function MessageLog({
  room,
  messages,
  failure,
  target,
  onArrived,
  onEdit,
}: {
  room: RoomState
  messages: readonly Message[]
  /** Why more of them could not be loaded. */
  failure: string | undefined
  /** The message to open the room at. */
  target: number | undefined
  /** It was gone to, or is about to be. */
  onArrived: () => void
  onEdit: (message: Message) => void
}) {
  const messenger = useMessenger()
  const me = useMessengerState((state) => state.me)
  const outgoing = useOutgoing(room.id)
  const loading = useMessengerState((state) => state.loading.get(room.id))
  const today = useToday()
  const unreadFrom = useUnreadFrom(room)
  const [menu, setMenu] = useState<OpenMenu>()
  const [jumpFailure, setJumpFailure] = useState<string>()

  const rows = useMemo(() => messageRows(messages, unreadFrom, today), [messages, unreadFrom, today])
  const first = messages[0]?.seq ?? 1
  const last = messages.at(-1)?.seq ?? 0
  const hasOlder = first > 1
  const hasNewer = last < room.last_seq
  const unread = unreadOf(room)

  const onSeen = useCallback(
    (seq: number) => {
      messenger.setPlace(room.id, seq)
      if (document.visibilityState !== 'visible' || !document.hasFocus()) return
      const known = messenger.getState().rooms.get(room.id)
      if (known !== undefined && seq > known.read_seq) messenger.markRead(room.id, seq)
    },
    [messenger, room.id],
  )
  const scroll = useLogScroll({
    messenger,
    roomId: room.id,
    messages,
    outgoing: outgoing.length,
    hasNewer,
    unreadFrom,
    target,
    notice: failure,
    onSeen,
  })
  const { box, list, atEnd, show, forget } = scroll

  const load = (work: Promise<void>) => {
    const giveUp = (why: string) => {
      if (forget()) setJumpFailure(why)
    }
    work.then(
      // Once it is drawn, it was gone to, if it is there.
      () => requestAnimationFrame(() => giveUp('This message is not here.')),
      (error: unknown) => giveUp(messageOf(error)),
    )
  }
  const jump = (seq: number, highlight: boolean) => {
    setJumpFailure(undefined)
    if (!show({ seq, at: highlight ? 'center' : 'top', highlight })) load(messenger.jumpTo(room.id, seq))
  }
  const jumpToEnd = () => {
    setJumpFailure(undefined)
    if (!show('end')) load(messenger.jumpToEnd(room.id))
  }

  useEffect(() => {
    if (target === undefined) return
    jump(target, true)
    onArrived()
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once per target
  }, [target])
  // Whoever has written wants to see it, wherever they were reading.
  const sent = outgoing.at(-1)?.clientId
  const lastSent = useRef(sent)
  useEffect(() => {
    if (sent !== undefined && sent !== lastSent.current) jumpToEnd()
    lastSent.current = sent
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once per message
  }, [sent])

  const top = useEdge(box, hasOlder && failure === undefined && loading === undefined, first, () =>
    messenger.loadOlder(room.id),
  )
  const bottom = useEdge(box, hasNewer && failure === undefined && loading === undefined, last, () =>
    messenger.loadNewer(room.id),
  )

  const openMenu = (row: Element | null) => {
    const seq = Number((row as HTMLElement | null)?.dataset['seq'])
    const message = messages.find((one) => one.seq === seq)
    const anchor = row?.querySelector<HTMLElement>('[data-message-menu]')
    if (message !== undefined && anchor != null) setMenu({ message, anchor })
  }
  const onClick = ({ target: clicked }: MouseEvent) => {
    if (clicked instanceof Element && clicked.closest('[data-message-menu]') !== null) openMenu(clicked.closest('li'))
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const { target: focused } = event
    if (!(focused instanceof HTMLElement) || list.current === null) return
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const row = focused.parentElement === list.current ? focused : undefined
    if (row === undefined && focused !== box.current) return
    if (row !== undefined && (event.key === 'Enter' || event.key === ' ' || event.key === 'ContextMenu')) {
      event.preventDefault()
      return openMenu(row)
    }
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return
    const next =
      row === undefined
        ? list.current.lastElementChild
        : event.key === 'ArrowUp'
          ? row.previousElementSibling
          : row.nextElementSibling
    if (!(next instanceof HTMLElement)) return
    event.preventDefault()
    next.focus({ preventScroll: true })
    next.scrollIntoView({ block: 'nearest' })
  }

  return (
    <div className="relative flex min-h-0 grow flex-col">
      {/* What comes is read out elsewhere: here it would be each page of old messages too. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div
        ref={box}
        role="log"
        aria-live="off"
        aria-label="Messages"
        aria-describedby="messages-keys"
        aria-busy={loading !== undefined}
        tabIndex={0}
        onScroll={scroll.onScroll}
        onClick={onClick}
        onKeyDown={onKeyDown}
        className="flex min-h-0 grow flex-col overflow-x-hidden overflow-y-auto overscroll-contain -outline-offset-2 [overflow-anchor:none]"
      >
        <p id="messages-keys" className="sr-only">
          The arrow keys go from message to message, Enter opens a message’s menu.
        </p>
        <div ref={top} />
        <EdgeFailure failure={hasOlder ? failure : undefined} onRetry={() => messenger.loadOlder(room.id)} />
        {messages.length === 0 && outgoing.length === 0 ? <EmptyRoom room={room} /> : null}
        <ol ref={list} className="mt-auto pb-3">
          {rows.map(({ message, ...row }) => (
            <MessageRow
              // Mine was an outgoing one before. Others choose theirs, and might choose mine.
              key={(message.author?.id === me.id ? message.client_id : null) ?? message.id}
              message={message}
              {...row}
              isMine={message.author?.id === me.id}
              isDirect={room.kind === 'direct'}
              isHighlighted={scroll.highlighted === message.seq}
              receipt={receiptOf(room, message, me.id)}
            />
          ))}
          {outgoing.map((one, index) => (
            <OutgoingRow
              key={one.clientId}
              outgoing={one}
              startsGroup={index === 0 && messages.at(-1)?.author?.id !== me.id}
            />
          ))}
        </ol>
        <EdgeFailure failure={hasNewer ? failure : undefined} onRetry={() => messenger.loadNewer(room.id)} />
        <div ref={bottom} />
      </div>
      {/* Over the messages: they stay where they are. */}
      {loading === undefined || loading === 'first' ? null : (
        <p
          className={`absolute inset-x-0 mx-auto w-fit rounded-full border bg-surface px-3 py-1 text-xs text-ink-soft ${loading === 'older' ? 'top-2' : 'bottom-2'}`}
        >
          Loading messages
        </p>
      )}
      <p
        role="alert"
        className="absolute inset-x-4 top-3 mx-auto w-fit rounded-lg bg-danger-soft px-3 py-2 text-sm text-danger empty:hidden"
      >
        {jumpFailure}
      </p>
      {atEnd ? null : (
        <div className="absolute right-4 bottom-4 flex items-center gap-2">
          {unread > 0 ? (
            <Button
              variant="secondary"
              className="h-9 rounded-full! px-3.5 shadow-card"
              onClick={() => jump(room.read_seq + 1, false)}
            >
              {badge(unread)} new
            </Button>
          ) : null}
          <Button
            variant="secondary"
            size="icon"
            aria-label="Jump to the end"
            title="Jump to the end"
            className="rounded-full! shadow-card"
            onClick={jumpToEnd}
          >
            <ChevronDown aria-hidden className="size-5" />
          </Button>
        </div>
      )}
      <MessageMenu open={menu} meId={me.id} onClose={() => setMenu(undefined)} onEdit={onEdit} />
    </div>
  )
}

function useOutgoing(roomId: number) {
  const all = useMessengerState((state) => state.outgoing)
  return useMemo(() => all.filter((one) => one.roomId === roomId), [all, roomId])
}

function receiptOf({ peer }: RoomState, message: Message, meId: string): Receipt | undefined {
  if (peer === null || message.author?.id !== meId) return undefined
  return peer.read_seq >= message.seq ? 'read' : 'sent'
}

function EdgeFailure({ failure, onRetry }: { failure: string | undefined; onRetry: () => void }) {
  if (failure === undefined) return null
  return (
    <div role="alert" className="flex flex-wrap items-center justify-center gap-3 p-3 text-sm text-danger">
      {failure}
      <Button variant="secondary" className="h-8" onClick={onRetry}>
        Retry
      </Button>
    </div>
  )
}

function EmptyRoom({ room }: { room: RoomState }) {
  return (
    <div className="m-auto max-w-xs p-6 text-center text-sm text-ink-soft">
      <p className="font-medium text-ink">Nothing here yet</p>
      <p className="mt-1">{room.kind === 'direct' ? `Say hello to ${room.name}.` : 'Write the first message.'}</p>
    </div>
  )
}
