/**
 * Records the expected conversations: `npm run record -w conformance`.
 *
 * With a Centrifugo v6 (`CENTRIFUGO_BINARY`) it records what every target is held to. With a v5, or with the argument
 * `hub`, it records only what that target says where a difference is listed, and prints the other differences.
 * Each topic is played twice on fresh servers: what comes out different is not fit to be compared, and fails.
 */
import { writeFileSync } from 'node:fs'

import { differenceOf, listedUnder, renderDifferences, rewritten } from './differences.ts'
import { topics } from './scripts/index.ts'
import { type GoldenScript, type GoldenTopic, endsClosed, readGolden, writeGolden } from './support/golden.ts'
import { playTopic } from './support/play-topic.ts'
import type { Topic } from './support/script.ts'
import { nameOver, waysOf } from './support/ways.ts'
import { centrifugo } from './targets/centrifugo.ts'
import type { Target } from './targets/target.ts'

const arguments_ = process.argv.slice(2)
const target: Target = arguments_.includes('hub') ? (await import('./targets/hub.ts')).hub : await centrifugo()
if (target.unavailable !== undefined) throw new Error(target.unavailable)
const on = listedUnder(target.name)
const only = arguments_.filter((argument) => argument !== 'hub')

async function playTwice(topic: Topic): Promise<Map<string, string[]>> {
  const [first, second] = [await playTopic(target, topic, () => ({})), await playTopic(target, topic, () => ({}))]
  const stable = new Map<string, string[]>()
  for (const [name, lines] of first) {
    const again = second.get(name)
    if (
      lines instanceof Error ||
      again instanceof Error ||
      again === undefined ||
      lines.join('\n') !== again.join('\n')
    ) {
      console.error(`${topic.name}: ${name}: not the same twice`, lines, again)
      process.exitCode = 1
    } else {
      stable.set(name, lines)
    }
  }
  return stable
}

const isSame = (a: readonly string[] | undefined, b: readonly string[] | undefined) => a?.join('\n') === b?.join('\n')

/** From the first line on where they part: what was expected, and what came. */
function changes(expected: readonly string[], lines: readonly string[]): string[] {
  const length = Math.max(expected.length, lines.length)
  const from = Array.from({ length }, (_, index) => index).find((index) => lines[index] !== expected[index]) ?? length
  const told = (mark: string, all: readonly string[]) => all.slice(from).map((line) => `  ${mark} ${line}`)
  return [...told('-', expected), ...told('+', lines)]
}

/** The recording of one script on one way, with what has been said now in its place. */
function renewed(before: GoldenScript | undefined, lines: string[] | undefined, isListed: boolean) {
  if (on === undefined) return lines ? { ...before, expected: lines } : before
  if (!before) return undefined
  const { [on]: _, ...rest } = before
  return lines && isListed && !isSame(lines, rewritten(target.name, rest.expected)) ? { ...rest, [on]: lines } : rest
}

for (const topic of topics.filter(({ name }) => only.length === 0 || only.includes(name))) {
  if (topic.needs !== undefined && !target.capabilities.has(topic.needs)) continue
  const before = readGolden(topic.name)
  const played = await playTwice(topic)
  const golden: GoldenTopic = {}
  for (const script of topic.scripts) {
    const { name } = script
    for (const way of waysOf(topic, script)) {
      const over = nameOver(way, name)
      const lines = played.get(over)
      const isListed = [name, over].some((one) => differenceOf(target.name, `${topic.name}: ${one}`) !== undefined)
      // What another way has in common with WebSocket is not told again.
      const inherited = way === 'websocket' ? undefined : golden[name]
      const isInherited = (entry: GoldenScript | undefined) =>
        inherited !== undefined &&
        isSame(entry?.expected, inherited.expected) &&
        isSame(entry?.hub, inherited.hub) &&
        isSame(entry?.['centrifugo v5'], inherited['centrifugo v5'])
      const entry = renewed(before[over] ?? (way === 'websocket' ? undefined : before[name]), lines, isListed)
      if (entry && !isInherited(entry)) golden[over] = entry
      const expected = rewritten(target.name, entry?.expected ?? [])
      if (on !== undefined && lines && !isListed && !isSame(lines, expected)) {
        console.log(`${topic.name}: ${over}\n${changes(expected, lines).join('\n')}`)
      }
    }
  }
  writeGolden(topic.name, golden)
  const closes = Object.values(golden).filter(({ expected }) => endsClosed(expected)).length
  console.log(`${topic.name}: ${Object.keys(golden).length} recordings, ${closes} of which end with a close`)
}

writeFileSync(new URL('differences.md', import.meta.url), renderDifferences())
