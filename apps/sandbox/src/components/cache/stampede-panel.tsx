import { useState } from 'react'
import { loadSlowly } from '../../lib/cache-server.ts'
import { Button } from '../ui/button.tsx'
import { type Attempt, Panel } from './panel.tsx'

const requests = 20

export function StampedePanel({ attempt }: { attempt: Attempt }) {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string>()
  const [result, setResult] = useState<{ readonly loads: number; readonly slowest: number }>()

  const run = async () => {
    setBusy(true)
    setResult(undefined)
    const problem = await attempt(async () => {
      const data = { run: crypto.randomUUID() }
      const answers = await Promise.all(Array.from({ length: requests }, () => loadSlowly({ data })))
      setResult({
        loads: new Set(answers.map(({ load }) => load)).size,
        slowest: Math.max(...answers.map(({ ms }) => ms)),
      })
    })
    setFailure(problem)
    setBusy(false)
  }

  return (
    <Panel
      title="A stampede"
      explanation="A value that takes 0.7 s to load, and twenty requests for it at once. One of them loads; the others wait for it."
      failure={failure}
    >
      <div className="flex flex-wrap items-center gap-4">
        <Button onClick={() => void run()} disabled={busy}>
          Send {requests} requests
        </Button>
        <p role="status" className="text-sm">
          {busy ? 'Waiting for the answers.' : null}
          {result === undefined
            ? null
            : `${requests} answers, the loader ran ${result.loads === 1 ? 'once' : `${result.loads} times`}. The slowest took ${Math.round(result.slowest)} ms.`}
        </p>
      </div>
    </Panel>
  )
}
