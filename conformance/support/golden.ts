import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'

import type { Difference } from '../differences.ts'

/** One script's expected conversation, and those of the targets for which a difference is listed. */
export type GoldenScript = { expected: string[] } & Partial<Record<Difference['on'], string[]>>

export type GoldenTopic = Record<string, GoldenScript>

const fileOf = (topic: string) => new URL(`../golden/${topic.replaceAll(' ', '-')}.json`, import.meta.url)

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
