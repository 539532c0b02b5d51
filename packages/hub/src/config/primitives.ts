import { z } from 'zod'
import { parseDuration } from './duration.ts'

const durationText = 'a duration such as "300ms", "25s" or "1h30m"'

export function duration(fallback: string) {
  return z
    .string({
      error: (issue) => (issue.input === undefined ? undefined : `expected ${durationText}, got ${quote(issue.input)}`),
    })
    .default(fallback)
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== undefined) return ms
      context.addIssue({ code: 'custom', message: `expected ${durationText}, got ${quote(text)}` })
      return z.NEVER
    })
}

/** Streams live in whole seconds, as with brokers that keep them elsewhere. */
export function wholeSeconds(fallback: string) {
  return duration(fallback).refine((ms) => ms % 1000 === 0, 'expected whole seconds, such as "300s" or "1h30m"')
}

export function size(fallback: number) {
  return z.int().min(0).default(fallback)
}

/** Where Centrifugo takes 0 for "the default" and a limit of nothing would be a hub that does nothing. */
export function positiveSize(fallback: number) {
  return z.int().min(1).default(fallback)
}

export const flag = z.boolean().default(false)

/** A value as a message shows it. */
export function quote(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return typeof value
  }
}
