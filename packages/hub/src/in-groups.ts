import type { Clock } from './clock.ts'

/** Between two groups, in milliseconds: small against what clients take to come back. */
const stepMs = 20

/** Takes everything in turn, a group at a time, spread over so many milliseconds; with 0 all at once. */
export async function inGroups<T>(
  clock: Clock,
  entries: readonly T[],
  spreadMs: number,
  use: (group: readonly T[]) => void,
): Promise<void> {
  const steps = Math.max(1, Math.min(entries.length, Math.floor(spreadMs / stepMs)))
  for (let step = 0; step < steps; step++) {
    if (step > 0) await new Promise<void>((resolve) => clock.setTimer(resolve, spreadMs / steps))
    use(entries.slice(Math.floor((step * entries.length) / steps), Math.floor(((step + 1) * entries.length) / steps)))
  }
}
