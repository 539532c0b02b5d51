import { setTimeout as sleep } from 'node:timers/promises'

import { configureGlobal } from 'fast-check'
import { afterAll, expect } from 'vitest'

// One seed for the whole run: a failure is repeated with SEED=<the number printed at the start>.
configureGlobal({ seed: Number(process.env['SEED']) })

/** What keeps a process alive: a file that leaves more of it behind than it found has forgotten to close something. */
const watched = ['TCPServerWrap', 'TCPSocketWrap', 'TLSWrap', 'PipeWrap', 'ProcessWrap', 'Timeout', 'FSEventWrap']
const grace = 3000

function openHandles(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}

function leftOpen(before: Map<string, number>): string[] {
  const now = openHandles()
  return watched.flatMap((kind) => {
    const extra = (now.get(kind) ?? 0) - (before.get(kind) ?? 0)
    return extra > 0 ? [`${kind} × ${extra}`] : []
  })
}

// Importing `node:process` opens all three, whoever does it first: that is no leak.
void [process.stdin, process.stdout, process.stderr]
const before = openHandles()

afterAll(async () => {
  // Sockets need a moment to close, so only what stays counts.
  const deadline = Date.now() + grace
  while (leftOpen(before).length > 0 && Date.now() < deadline) await sleep(20)
  expect(leftOpen(before), 'handles left open by the tests of this file').toEqual([])
})
