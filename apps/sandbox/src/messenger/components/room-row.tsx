import { Link } from '@tanstack/react-router'
import { Lock } from 'lucide-react'
import { memo } from 'react'
import type { RoomState } from '../client/types.ts'
import type { Person } from '../model.ts'
import { Avatar } from './avatar.tsx'
import { fullDateOf, shortDateOf } from './dates.ts'
import { badge, unreadOf } from './page-title.ts'
import { previewOf, typingLine } from './room-preview.ts'

export const RoomRow = memo(function RoomRow({
  room,
  meId,
  active,
  inTabOrder,
  typing,
  today,
}: {
  room: RoomState
  meId: string
  active: boolean
  inTabOrder: boolean
  typing: readonly Person[] | undefined
  today: Date
}) {
  const { author, text } = previewOf(room.last_message, meId)
  const unread = unreadOf(room)
  return (
    // Of one height, so that those out of sight cost nothing.
    <li className="h-17 [contain-intrinsic-size:auto_4.25rem] [content-visibility:auto]">
      <Link
        to="/messenger/$roomId"
        params={{ roomId: String(room.id) }}
        tabIndex={inTabOrder ? 0 : -1}
        aria-current={active ? 'page' : undefined}
        className={`flex h-full items-center gap-3 rounded-xl px-3 -outline-offset-2 ${active ? 'bg-accent-soft' : 'hover:bg-sunken'}`}
      >
        <RoomAvatar room={room} />
        <span className="grid min-w-0 grow grid-cols-1 gap-0.5">
          <span className="flex items-baseline gap-2">
            <span className="flex min-w-0 grow items-center gap-1.5 text-[0.9375rem] font-medium">
              <bdi className="truncate">{room.name}</bdi>
              {room.kind === 'private' ? (
                <Lock role="img" aria-label="private" className="size-3.5 shrink-0 text-ink-soft" />
              ) : null}
            </span>
            <time
              dateTime={room.bumped_at}
              title={fullDateOf(room.bumped_at)}
              className="shrink-0 text-xs text-ink-soft tabular-nums"
            >
              {shortDateOf(room.bumped_at, today)}
            </time>
          </span>
          <span className="flex items-center gap-2 text-sm text-ink-soft">
            <span className="min-w-0 grow truncate">
              {typing !== undefined && typing.length > 0 ? (
                <span className="text-live">{typingLine(typing)}</span>
              ) : (
                <>
                  {author === undefined || (room.kind === 'direct' && author !== 'You') ? null : (
                    <span className="text-ink">
                      <bdi>{author}</bdi>:{' '}
                    </span>
                  )}
                  <bdi>{text}</bdi>
                </>
              )}
            </span>
            {unread > 0 ? (
              <span className="shrink-0 rounded-full bg-accent px-1.5 py-0.5 text-xs leading-none font-semibold text-on-accent tabular-nums">
                {badge(unread)}
                <span className="sr-only"> unread</span>
              </span>
            ) : null}
          </span>
        </span>
      </Link>
    </li>
  )
})

export function RoomAvatar({ room, online, size = 'lg' }: { room: RoomState; online?: boolean; size?: 'md' | 'lg' }) {
  const isDirect = room.kind === 'direct'
  return (
    <Avatar
      id={room.peer?.id ?? `room-${room.id}`}
      name={room.name}
      size={size}
      square={!isDirect}
      {...(online !== undefined && { online })}
    />
  )
}
