import { Field } from '@base-ui/react/field'
import { Form } from '@base-ui/react/form'
import { Scissors, Send } from 'lucide-react'
import { useId, useLayoutEffect, useRef, useState } from 'react'
import { clock } from '../../lib/clock.ts'
import { cutConnections, sendNote } from '../../lib/streams-server.ts'
import { audiences, type Audience, type StreamDriver } from '../../lib/streams.ts'
import { useStream, type StreamLine, type StreamState } from '../../lib/use-stream.ts'
import { LiveBadge } from '../realtime/live-badge.tsx'
import { Button } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'

const audienceNames: Record<Audience, string> = { everybody: 'Everybody', me: 'Only me', lobby: 'The lobby' }

/** One driver: connect, see what comes, send something, cut the line. */
export function StreamPane({
  driver,
  title,
  explanation,
  onUnauthorized,
}: {
  driver: StreamDriver
  title: string
  explanation: string
  onUnauthorized: () => void
}) {
  const { state, lines, connect, disconnect } = useStream(driver)
  const [failure, setFailure] = useState<string>()
  const heading = useId()

  const cut = async () => {
    try {
      await cutConnections({ data: { driver } })
    } catch (error) {
      if (error instanceof Response && error.status === 401) return onUnauthorized()
      setFailure('The server could not be reached. Please try again.')
    }
  }

  return (
    <section
      aria-labelledby={heading}
      data-testid={driver}
      className="overflow-hidden rounded-2xl border bg-surface shadow-card"
    >
      <div className="border-b p-4 sm:px-5">
        <div className="flex flex-wrap items-center gap-3">
          <h2 id={heading} className="grow text-lg font-semibold tracking-tight">
            {title}
          </h2>
          <LiveBadge live={state === 'open'} />
          {state === 'off' ? (
            <Button onClick={() => void connect()}>Connect</Button>
          ) : (
            <Button variant="secondary" onClick={disconnect}>
              Disconnect
            </Button>
          )}
        </div>
        <p className="mt-2 text-sm text-ink-soft">{explanation}</p>
      </div>
      {failure === undefined ? null : (
        <div role="alert" className="border-b p-3 sm:px-5">
          <Notice tone="bad" onDismiss={() => setFailure(undefined)}>
            {failure}
          </Notice>
        </div>
      )}
      <Lines lines={lines} state={state} title={title} />
      <NoteForm driver={driver} onFailure={setFailure} onUnauthorized={onUnauthorized} />
      <div className="border-t p-3 sm:px-5">
        <Button variant="quiet" onClick={() => void cut()} disabled={state !== 'open'}>
          <Scissors aria-hidden className="size-4" />
          Cut the line
        </Button>
      </div>
    </section>
  )
}

function Lines({ lines, state, title }: { lines: readonly StreamLine[]; state: StreamState; title: string }) {
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight
  }, [lines])
  return (
    <div
      ref={box}
      role="log"
      aria-label={`Events over ${title}`}
      tabIndex={0}
      className="h-64 overflow-y-auto bg-paper py-2"
    >
      {lines.length === 0 ? (
        <p className="grid h-full place-content-center px-6 text-center text-sm text-ink-soft">
          {state === 'off' ? 'Press Connect. What the server sends appears here.' : 'Opening the connection.'}
        </p>
      ) : (
        <ol>
          {lines.map(({ key, at, kind, who, text }) => (
            <li
              key={key}
              data-kind={kind}
              className={`flex items-baseline gap-3 px-4 py-1 text-sm sm:px-5 ${kind === 'note' ? '' : 'text-ink-soft'}`}
            >
              <time dateTime={at.toISOString()} className="shrink-0 font-mono text-xs text-ink-soft tabular-nums">
                {clock.format(at)}
              </time>
              <span className="min-w-0 wrap-anywhere">
                {who === undefined ? null : <strong className="font-medium">{who}: </strong>}
                {text}
              </span>
            </li>
          ))}
        </ol>
      )}
    </div>
  )
}

/** Asks the server to send. What appears above came over the connection. */
function NoteForm({
  driver,
  onFailure,
  onUnauthorized,
}: {
  driver: StreamDriver
  onFailure: (text: string | undefined) => void
  onUnauthorized: () => void
}) {
  const [to, setTo] = useState<Audience>('everybody')
  const [reached, setReached] = useState<number>()
  const input = useRef<HTMLInputElement>(null)

  const send = async (text: string) => {
    onFailure(undefined)
    try {
      const answer = await sendNote({ data: { driver, to, text } })
      setReached(answer.reached)
      if (input.current?.value === text) input.current.value = ''
      input.current?.focus()
    } catch (error) {
      if (error instanceof Response && error.status === 401) return onUnauthorized()
      onFailure('Not sent: the server could not be reached. Please try again.')
    }
  }

  return (
    <Form
      className="grid grid-cols-1 gap-3 border-t p-4 sm:p-5"
      onFormSubmit={({ text }) => void send(typeof text === 'string' ? text : '')}
    >
      <div className="flex flex-wrap items-end gap-3">
        <label className="grid gap-1.5 text-sm font-medium">
          To
          <select
            value={to}
            onChange={({ target }) => setTo(audiences.find((one) => one === target.value) ?? 'everybody')}
            className="h-11 rounded-lg border border-line-strong bg-surface px-3 text-base font-normal sm:text-sm"
          >
            {audiences.map((audience) => (
              <option key={audience} value={audience}>
                {audienceNames[audience]}
              </option>
            ))}
          </select>
        </label>
        <Field.Root
          name="text"
          validate={(value) => (typeof value === 'string' && value.trim() !== '' ? null : 'Write something first.')}
          className="grid min-w-40 grow basis-0 grid-cols-1 gap-1.5"
        >
          <Field.Label className="text-sm font-medium">Note</Field.Label>
          <Field.Control
            ref={input}
            autoComplete="off"
            maxLength={500}
            className="h-11 w-full min-w-0 rounded-lg border border-line-strong bg-surface px-3 text-base data-invalid:border-danger sm:text-sm"
          />
          <Field.Error className="text-sm text-danger" />
        </Field.Root>
        <Button type="submit" className="h-11">
          <Send aria-hidden className="size-4" />
          Send
        </Button>
      </div>
      <p role="status" className="min-h-5 text-sm text-ink-soft">
        {reached === undefined ? '' : `Sent to ${reached} ${reached === 1 ? 'connection' : 'connections'}.`}
      </p>
    </Form>
  )
}
