const pauses = [1000, 2000, 4000, 8000, 15_000]

/** Milliseconds before what has failed so often is tried again. With scatter: many tabs wait for the same server. */
export function pauseAfter(failures: number): number {
  const pause = pauses[Math.min(failures, pauses.length - 1)] ?? 0
  return pause * (0.75 + Math.random() / 2)
}
