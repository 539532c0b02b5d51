import { Pencil, SendHorizontal, X } from 'lucide-react'
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type Ref } from 'react'
import { Button } from '../../components/ui/button.tsx'
import type { RoomState } from '../client/types.ts'
import { limits, type Message } from '../model.ts'
import { useMessenger, useMessengerState } from '../react/messenger-provider.tsx'
import { readStored, writeStored } from '../react/stored.ts'
import { useRequest } from '../react/use-request.ts'
import { isComposing } from './composition.ts'
import { IconButton } from './icon-button.tsx'
import { plainText } from './plain-text.ts'
import { countOf } from './room-preview.ts'

/** The counter appears this long before the limit. */
const counted = 300

/** Writes a message, or another text for one of mine. Never locked: what is sent is out of it at once. */
export function Composer({
  ref,
  room,
  editing,
  onEdit,
}: {
  ref: Ref<HTMLTextAreaElement>
  room: RoomState
  editing: Message | undefined
  onEdit: (message: Message | undefined) => void
}) {
  const messenger = useMessenger()
  const me = useMessengerState((state) => state.me)
  const field = useRef<HTMLTextAreaElement>(null)
  const draftKey = `messenger.draft.${me.id}.${room.id}`
  const [draft, setDraft] = useState(() => readStored(draftKey) ?? '')
  // The draft waits meanwhile.
  const [edited, setEdited] = useState('')
  const { busy, failure, run, forget } = useRequest()

  const [before, setBefore] = useState(editing)
  if (before !== editing) {
    setBefore(editing)
    setEdited(editing?.content ?? '')
    forget()
  }
  const text = editing === undefined ? draft : edited
  const tooLong = text.length > limits.messageLength

  const write = (next: string) => {
    if (editing !== undefined) return setEdited(next)
    setDraft(next)
    writeStored(draftKey, next)
    if (next.trim() !== '') messenger.sayTyping(room.id)
  }

  // As high as its text, up to what its class allows.
  useLayoutEffect(() => {
    if (field.current === null) return
    field.current.style.height = 'auto'
    field.current.style.height = `${field.current.scrollHeight + 2}px`
  }, [text])

  // On a phone the keyboard would cover what was come for.
  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) field.current?.focus({ preventScroll: true })
  }, [])

  const submit = () => {
    const content = text.trim()
    if (content === '' || tooLong) return field.current?.focus()
    if (editing === undefined) {
      write('')
      messenger.send(room.id, content)
    } else if (content === editing.content) {
      onEdit(undefined)
    } else {
      void run(async () => {
        await messenger.edit(room.id, editing.id, content)
        onEdit(undefined)
      })
    }
    field.current?.focus()
  }

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    // The key that ends the composition of a character is no key of this page.
    if (isComposing(event)) return
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey) {
      event.preventDefault()
      submit()
    } else if (event.key === 'Escape' && editing !== undefined) {
      event.preventDefault()
      onEdit(undefined)
    } else if (event.key === 'ArrowUp' && !event.altKey && text === '' && editing === undefined) {
      const last = room.messages?.findLast(
        ({ author, deleted_at: deleted }) => author?.id === me.id && deleted === null,
      )
      if (last === undefined) return
      event.preventDefault()
      onEdit(last)
    }
  }

  return (
    <form
      className="shrink-0 border-t bg-surface p-2 sm:px-4 sm:py-3"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      {editing === undefined ? null : (
        <div className="mb-2 flex items-center gap-2 rounded-lg bg-sunken py-0.5 pr-0.5 pl-3 text-sm">
          <Pencil aria-hidden className="size-4 shrink-0 text-accent" />
          <p className="min-w-0 grow truncate">
            <span className="font-medium">Editing</span>{' '}
            <bdi className="text-ink-soft">{plainText(editing.content)}</bdi>
          </p>
          <IconButton label="Cancel editing" Icon={X} className="size-8" onClick={() => onEdit(undefined)} />
        </div>
      )}
      <div className="flex items-end gap-2">
        <textarea
          ref={(element) => {
            field.current = element
            if (typeof ref === 'function') ref(element)
            else if (ref !== null) ref.current = element
          }}
          rows={1}
          dir="auto"
          aria-label={editing === undefined ? 'Message' : 'Edited message'}
          aria-describedby="composer-state"
          aria-invalid={tooLong}
          placeholder={editing === undefined ? 'Write a message' : 'Edit the message'}
          value={text}
          onChange={({ target }) => write(target.value)}
          onKeyDown={onKeyDown}
          className="block max-h-[40dvh] min-h-11 min-w-0 grow resize-none rounded-xl border border-line-strong bg-surface px-3.5 py-2.5 text-base leading-normal wrap-anywhere placeholder:text-ink-soft focus-visible:-outline-offset-1 aria-invalid:border-danger sm:text-[0.9375rem]"
        />
        <Button
          type="submit"
          size="icon"
          aria-label={editing === undefined ? 'Send' : 'Save'}
          title={editing === undefined ? 'Send (Enter)' : 'Save (Enter)'}
          className="size-11! rounded-xl!"
        >
          <SendHorizontal aria-hidden className="size-5" />
        </Button>
      </div>
      <div id="composer-state" role="status" className="text-xs text-ink-soft">
        {failure !== undefined ? (
          <p className="pt-1.5 text-danger">{failure}</p>
        ) : tooLong ? (
          <p className="pt-1.5 text-danger">{countOf(text.length - limits.messageLength, 'character')} too many.</p>
        ) : text.length > limits.messageLength - counted ? (
          <p className="pt-1.5">{countOf(limits.messageLength - text.length, 'character')} left</p>
        ) : busy ? (
          <p className="pt-1.5">Saving</p>
        ) : null}
      </div>
    </form>
  )
}
