import { Field } from '@base-ui/react/field'
import { Form } from '@base-ui/react/form'
import { Send } from 'lucide-react'
import { useRef, useState } from 'react'
import { publishMessage } from '../../lib/realtime-server.ts'
import { Button } from '../ui/button.tsx'
import { Notice, type Tone } from '../ui/notice.tsx'

interface Outcome {
  /** Where it was published. */
  readonly channel: string
  readonly tone: Tone
  readonly text: string
}

/** Asks the server to publish. The list does not hear of it from here: what appears there came over the socket. */
export function PublishForm({
  channel,
  live,
  onSaved,
  onUnauthorized,
}: {
  channel: string
  live: boolean
  /** The database has one more, of this channel. */
  onSaved: (channel: string) => void
  onUnauthorized: () => void
}) {
  const input = useRef<HTMLInputElement>(null)
  const [busy, setBusy] = useState(false)
  const [outcome, setOutcome] = useState<Outcome>()
  const forgetFailure = () => setOutcome((last) => (last?.tone === 'bad' ? undefined : last))

  const [before, setBefore] = useState({ channel, live })
  if (before.channel !== channel || before.live !== live) {
    setBefore({ channel, live })
    if (before.channel !== channel) setOutcome(undefined)
    // What stood in the way is over.
    else if (live) forgetFailure()
  }

  const publish = async (text: string) => {
    setBusy(true)
    setOutcome(undefined)
    try {
      const { delivered } = await publishMessage({ data: { channel, text } })
      setOutcome(
        delivered
          ? { channel, tone: 'good', text: 'Saved and published.' }
          : { channel, tone: 'warn', text: 'Saved, but not delivered live: realtime is off or can’t be reached.' },
      )
      onSaved(channel)
      // Somebody may have written on meanwhile.
      if (input.current?.value === text) input.current.value = ''
      input.current?.focus()
    } catch (error) {
      if (error instanceof Response && error.status === 401) return onUnauthorized()
      const refused = error instanceof Response && error.status < 500
      setOutcome({
        channel,
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
            onInput={forgetFailure}
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
      <div role="status" data-testid="publish-outcome">
        {outcome?.channel === channel ? <Notice tone={outcome.tone}>{outcome.text}</Notice> : null}
      </div>
    </Form>
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
