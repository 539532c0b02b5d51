import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'

import { type Difference, differenceOf, listedUnder, rewritten } from '../differences.ts'
import { type Way, nameOver } from './ways.ts'

/** One script's expected conversation, and those of the targets for which a difference is listed. */
export type GoldenScript = { expected: string[] } & Partial<Record<Difference['on'], string[]>>

/** By script; what comes out otherwise on another way stands under `nameOver`. */
export type GoldenTopic = Record<string, GoldenScript>

const fileOf = (topic: string) => new URL(`../golden/${topic.replace(/\W+/g, '-')}.json`, import.meta.url)

/** What was recorded from the real server; empty when nothing was. */
export function readGolden(topic: string): GoldenTopic {
  try {
    return JSON.parse(readFileSync(fileOf(topic), 'utf8')) as GoldenTopic
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw error
  }
}

export function writeGolden(topic: string, golden: GoldenTopic): void {
  mkdirSync(new URL('../golden/', import.meta.url), { recursive: true })
  writeFileSync(fileOf(topic), `${JSON.stringify(golden, null, 2)}\n`)
}

export const endsClosed = (lines: readonly string[]): boolean => lines.at(-1)?.startsWith('! closed') ?? false

/** What a target has to say: what v6 says, unless a difference is listed; undefined when that is not recorded. */
export function expectedOf(
  golden: GoldenTopic,
  target: string,
  topic: string,
  script: string,
  way: Way,
): string[] | undefined {
  const on = listedUnder(target)
  const base = golden[script]
  const own = way === 'websocket' ? undefined : golden[nameOver(way, script)]
  const entry = own ?? base
  if (on === undefined || entry === undefined) return entry?.expected
  const isListed = [script, nameOver(way, script)].some(
    (name) => differenceOf(target, `${topic}: ${name}`) !== undefined,
  )
  if (!isListed) return rewritten(target, entry.expected)
  // On another way the difference may not show.
  return entry[on] ?? (own && rewritten(target, own.expected))
}
