import { useRef, useState } from 'react'
import { callCache } from '../../lib/cache-server.ts'
import { Button } from '../ui/button.tsx'
import { type Attempt, Panel } from './panel.tsx'

interface Line {
  readonly id: number
  readonly call: string
  readonly said: string
  readonly ms: number
}

const actions = ['get', 'ttl', 'delete'] as const
const field = 'h-10 w-full min-w-0 rounded-lg border border-line-strong bg-surface px-3 font-mono text-sm'

export function ByHandPanel({ attempt }: { attempt: Attempt }) {
  const [lines, setLines] = useState<readonly Line[]>([])
  const [failure, setFailure] = useState<string>()
  const form = useRef<HTMLFormElement>(null)
  const ids = useRef(0)

  const run = async (action: (typeof actions)[number] | 'set') => {
    const entered = new FormData(form.current ?? undefined)
    const text = (name: string): string => {
      const value = entered.get(name)
      return typeof value === 'string' ? value : ''
    }
    const key = text('key')
    const ttl = Number(text('ttl'))
    const problem = await attempt(async () => {
      const { said, ms } = await callCache({
        data: action === 'set' ? { action, key, json: text('json'), ttl } : { action, key },
      })
      ids.current += 1
      const call = action === 'set' ? `set ${key} ${text('json')}` : `${action} ${key}`
      setLines((before) => [{ id: ids.current, call, said, ms }, ...before].slice(0, 8))
    })
    setFailure(problem)
  }

  return (
    <Panel
      title="By hand"
      explanation="Your own keys; nobody else's page reaches them. Values are JSON."
      failure={failure}
    >
      <form
        ref={form}
        className="grid grid-cols-1 gap-3 sm:grid-cols-[1fr_1.4fr_6rem]"
        onSubmit={(event) => {
          event.preventDefault()
          void run('set')
        }}
      >
        <label className="grid gap-1.5 text-sm font-medium">
          Key
          <input name="key" defaultValue="greeting" maxLength={100} autoComplete="off" className={field} />
        </label>
        <label className="grid gap-1.5 text-sm font-medium">
          Value
          <input name="json" defaultValue='{"text":"hello"}' autoComplete="off" className={field} />
        </label>
        <label className="grid gap-1.5 text-sm font-medium">
          Seconds
          <input name="ttl" type="number" min={1} max={86_400} defaultValue={60} className={field} />
        </label>
        <div className="flex flex-wrap gap-2 sm:col-span-3">
          <Button type="submit">Set</Button>
          {actions.map((action) => (
            <Button key={action} variant="secondary" onClick={() => void run(action)}>
              {labels[action]}
            </Button>
          ))}
        </div>
      </form>
      <ol aria-label="What the cache said" aria-live="polite" className="grid grid-cols-1 gap-1 font-mono text-xs">
        {lines.map(({ id, call, said, ms }) => (
          <li key={id} className="grid gap-x-3 rounded-md bg-paper px-3 py-2 sm:grid-cols-[1fr_1fr_auto]">
            <span className="wrap-anywhere text-ink-soft">{call}</span>
            <span className="wrap-anywhere">{said}</span>
            <span className="text-ink-soft tabular-nums">{ms} ms</span>
          </li>
        ))}
      </ol>
    </Panel>
  )
}

const labels = { get: 'Get', ttl: 'Time left', delete: 'Delete' } as const
