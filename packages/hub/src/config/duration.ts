/** Durations as Centrifugo writes them (Go's): `300ms`, `25s`, `1h30m`, `0s`. */

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  // The sign of its own and the Greek letter: both are typed.
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

const whole = /^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|[µμ]s|ms|s|m|h))+$/
const part = /(\d*\.?\d*)(ns|us|[µμ]s|ms|s|m|h)/g

/** Milliseconds, or undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  if (text.length > 64 || !whole.test(text)) return undefined
  let sum = 0
  for (const [, amount, unit] of text.matchAll(part)) sum += Number(amount) * (unitMs[unit ?? ''] ?? 0)
  return sum
}
