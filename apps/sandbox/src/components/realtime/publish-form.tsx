import { Field } from '@base-ui/react/field'
import { Form } from '@base-ui/react/form'
import { Send } from 'lucide-react'
import { useRef, useState } from 'react'
import { publishMessage } from '../../lib/realtime-server.ts'
import { Button } from '../ui/button.tsx'
import { Notice, type Tone } from '../ui/notice.tsx'

interface Outcome {
  readonly tone: Tone
  readonly text: string
}

/** Asks the server to publish. The list does not hear of it from here: what appears there came over the socket. */
export function PublishForm({
  channel,
  onSaved,
  onUnauthorized,
}: {
  channel: string
  /** The database has one more. */
  onSaved: () => void
  onUnauthorized: () => void
}) {
  const input = useRef<HTMLInputElement>(null)
  const [busy, setBusy] = useState(false)
  const [outcome, setOutcome] = useState<Outcome>()

  const publish = async (text: string) => {
    setBusy(true)
    setOutcome(undefined)
    try {
      const { delivered } = await publishMessage({ data: { channel, text } })
      setOutcome(
        delivered
          ? { tone: 'good', text: 'Saved and published.' }
          : { tone: 'warn', text: 'Saved, but not delivered live: realtime is off or can’t be reached.' },
      )
      onSaved()
      if (input.current) input.current.value = ''
      input.current?.focus()
    } catch (error) {
      if (error instanceof Response && error.status === 401) return onUnauthorized()
      const refused = error instanceof Response && error.status < 500
      setOutcome({
        tone: 'bad',
        text: refused
          ? 'Not saved: the server refused it.'
          : 'Not saved: the server could not be reached. Please try again.',
      })
    } finally {
      setBusy(false)
    }
  }

  return (
    <Form
      className="grid grid-cols-1 gap-2 border-t p-4 sm:p-5"
      onFormSubmit={({ text }) => void publish(textOf(text))}
    >
      <Field.Root
        name="text"
        validate={(value) => (textOf(value).trim() === '' ? 'Write something first.' : null)}
        className="grid grid-cols-1 gap-1.5"
      >
        <Field.Label className="text-sm font-medium">Message</Field.Label>
        <div className="flex gap-2">
          <Field.Control
            ref={input}
            autoComplete="off"
            maxLength={500}
            placeholder="Say something through the server"
            className="h-11 min-w-0 grow rounded-lg border border-line-strong bg-surface px-3 text-base placeholder:text-ink-soft data-invalid:border-danger sm:text-sm"
          />
          <Button type="submit" disabled={busy} focusableWhenDisabled className="h-11">
            <Send aria-hidden className="size-4" />
            Publish
          </Button>
        </div>
        <Field.Error className="text-sm text-danger" />
      </Field.Root>
      <div role="status">{outcome === undefined ? null : <Notice tone={outcome.tone}>{outcome.text}</Notice>}</div>
    </Form>
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
