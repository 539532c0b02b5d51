import { CircleAlert, Clock } from 'lucide-react'
import { memo } from 'react'
import type { Outgoing } from '../client/types.ts'
import { useMessenger } from '../react/messenger-provider.tsx'
import { timeOf } from './dates.ts'
import { Markdown } from './markdown.tsx'
import { bubbleClass } from './message-row.tsx'

/** A message of mine that the server has not confirmed: as it will look, and how far it is. */
export const OutgoingRow = memo(function OutgoingRow({
  outgoing: { clientId, content, createdAt, status, failure },
  startsGroup,
}: {
  outgoing: Outgoing
  startsGroup: boolean
}) {
  const messenger = useMessenger()
  const failed = status === 'failed'
  return (
    <li
      tabIndex={-1}
      data-outgoing={status}
      className={`flex flex-col items-end px-3 outline-offset-[-2px] sm:px-6 ${startsGroup ? 'pt-3' : 'pt-0.5'}`}
    >
      <div className="flex w-full flex-row-reverse">
        <div className={`${bubbleClass({ isMine: true, startsGroup })} ${failed ? 'border-danger!' : ''}`}>
          <span className="sr-only">You: </span>
          <div className="flex flex-wrap items-end gap-x-3">
            <div dir="auto" className="message-text min-w-0 text-[0.9375rem]">
              <Markdown text={content} />
            </div>
            <p className="mt-0.5 ml-auto flex items-center justify-end gap-1.5 text-[0.6875rem] leading-4 text-ink-soft tabular-nums">
              <time dateTime={createdAt}>{timeOf(createdAt)}</time>
              {failed ? (
                <CircleAlert role="img" aria-label="Not sent" className="size-3.5 text-danger" />
              ) : (
                <Clock role="img" aria-label={status === 'waiting' ? 'Waiting' : 'Sending'} className="size-3.5" />
              )}
            </p>
          </div>
        </div>
        {/* As wide as the menu's button, so that nothing moves once it is sent. */}
        <span className="w-10 shrink-0" />
      </div>
      {failed ? (
        <div role="alert" className="mt-1 flex flex-wrap items-center justify-end gap-x-3 text-sm text-danger">
          <span>{failure ?? 'Not sent.'}</span>
          <span className="flex gap-3">
            <button
              type="button"
              className="rounded py-1 font-medium underline"
              onClick={() => messenger.retry(clientId)}
            >
              Retry
            </button>
            <button
              type="button"
              className="rounded py-1 font-medium underline"
              onClick={() => messenger.discard(clientId)}
            >
              Discard
            </button>
          </span>
        </div>
      ) : null}
    </li>
  )
})
