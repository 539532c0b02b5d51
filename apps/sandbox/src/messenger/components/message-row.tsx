import { Check, CheckCheck, Ban, EllipsisVertical } from 'lucide-react'
import { memo } from 'react'
import { Avatar } from './avatar.tsx'
import { hueOf } from './avatar-look.ts'
import { fullDateOf, timeOf } from './dates.ts'
import { Markdown } from './markdown.tsx'
import type { MessageRow as Row } from './message-rows.ts'

/** Where a message of mine in a direct room got to. */
export type Receipt = 'sent' | 'read'

/** Plain values only: a row is drawn again when one of them changes, and not when its neighbours do. */
export const MessageRow = memo(function MessageRow({
  message,
  day,
  startsGroup,
  endsGroup,
  isFirstUnread,
  isMine,
  isDirect,
  isHighlighted,
  receipt,
}: Row & {
  isMine: boolean
  isDirect: boolean
  /** It was jumped to. */
  isHighlighted: boolean
  receipt: Receipt | undefined
}) {
  const { author, content, created_at: createdAt } = message
  return (
    <li
      data-seq={message.seq}
      tabIndex={-1}
      className={`group px-3 outline-offset-[-2px] sm:px-6 ${startsGroup ? 'pt-3' : 'pt-0.5'} ${isHighlighted ? 'message-found' : ''}`}
    >
      {day === undefined ? null : <DayLine day={day} />}
      {isFirstUnread ? <UnreadLine /> : null}
      {author === null ? (
        <div className="flex justify-center py-1">
          <p className="max-w-full rounded-full bg-sunken px-3 py-1 text-center text-xs wrap-anywhere text-ink-soft">
            {content}{' '}
            <time dateTime={createdAt} title={fullDateOf(createdAt)}>
              {timeOf(createdAt)}
            </time>
          </p>
        </div>
      ) : (
        <div className={`flex items-end gap-2 ${isMine ? 'flex-row-reverse' : ''}`}>
          {isMine || isDirect ? null : endsGroup ? (
            <Avatar id={author.id} name={author.name} size="sm" />
          ) : (
            <span className="w-8 shrink-0" />
          )}
          <div className={bubbleClass({ isMine, startsGroup })}>
            {startsGroup && !isMine && !isDirect ? (
              <p
                style={{ '--hue': hueOf(author.id) } as Record<string, number>}
                className="truncate text-[0.8125rem] font-semibold text-[oklch(0.48_0.12_var(--hue))] dark:text-[oklch(0.8_0.11_var(--hue))]"
              >
                <bdi>{author.name}</bdi>
              </p>
            ) : (
              <span className="sr-only">{isMine ? 'You' : author.name}: </span>
            )}
            {/* The time stands beside a short text, below a long one. */}
            <div className="flex flex-wrap items-end gap-x-3">
              {message.deleted_at === null ? (
                <div dir="auto" className="message-text min-w-0 text-[0.9375rem]">
                  <Markdown text={content} />
                </div>
              ) : (
                <p className="flex items-center gap-1.5 text-[0.9375rem] text-ink-soft italic">
                  <Ban aria-hidden className="size-3.5" />
                  Message deleted
                </p>
              )}
              <p className="mt-0.5 ml-auto flex items-center justify-end gap-1.5 text-[0.6875rem] leading-4 text-ink-soft tabular-nums">
                {message.edited_at === null || message.deleted_at !== null ? null : (
                  <span title={fullDateOf(message.edited_at)}>edited</span>
                )}
                <time dateTime={createdAt} title={fullDateOf(createdAt)}>
                  {timeOf(createdAt)}
                </time>
                {receipt === undefined || message.deleted_at !== null ? null : <ReceiptMark receipt={receipt} />}
              </p>
            </div>
          </div>
          {message.deleted_at === null ? (
            <button
              type="button"
              tabIndex={-1}
              data-message-menu
              aria-haspopup="menu"
              aria-label="Message menu"
              className="grid size-8 shrink-0 place-content-center self-center rounded-full text-ink-soft opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 hover:bg-sunken hover:text-ink pointer-coarse:opacity-60"
            >
              <EllipsisVertical aria-hidden className="size-4" />
            </button>
          ) : null}
        </div>
      )}
    </li>
  )
})

export function bubbleClass({ isMine, startsGroup }: { isMine: boolean; startsGroup: boolean }): string {
  const corners = isMine
    ? `${startsGroup ? '' : 'rounded-tr-md'} rounded-br-md`
    : `${startsGroup ? '' : 'rounded-tl-md'} rounded-bl-md`
  const look = isMine ? 'border-transparent bg-accent-soft' : 'bg-surface'
  return `min-w-0 max-w-[min(36rem,82%)] rounded-2xl border px-3 py-1.5 ${corners} ${look}`
}

function DayLine({ day }: { day: string }) {
  return (
    <p className="flex justify-center pt-2 pb-3 text-xs font-medium text-ink-soft">
      <span className="rounded-full border bg-surface px-3 py-1">{day}</span>
    </p>
  )
}

function UnreadLine() {
  return (
    <p data-testid="unread-line" className="my-3 flex items-center gap-3 text-xs font-medium text-accent">
      <span className="h-px grow bg-accent" />
      New messages
      <span className="h-px grow bg-accent" />
    </p>
  )
}

function ReceiptMark({ receipt }: { receipt: Receipt }) {
  const [Icon, label] = receipt === 'read' ? [CheckCheck, 'Read'] : [Check, 'Sent']
  return <Icon role="img" aria-label={label} className={`size-3.5 ${receipt === 'read' ? 'text-live' : ''}`} />
}
