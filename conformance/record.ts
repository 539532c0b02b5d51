/**
 * Records the expected conversations: `npm run record -w conformance`.
 *
 * With a Centrifugo v6 (`CENTRIFUGO_BINARY`) it records what every target is held to. With a v5, or with the argument
 * `hub`, it records only what that target says where a difference is listed, and prints the other differences.
 * Each topic is played twice on fresh servers: what comes out different is not fit to be compared, and fails.
 */
import { writeFileSync } from 'node:fs'

import { differenceOf, listedUnder, renderDifferences } from './differences.ts'
import { topics } from './scripts/index.ts'
import { type GoldenTopic, endsClosed, readGolden, writeGolden } from './support/golden.ts'
import { playTopic } from './support/play-topic.ts'
import type { Topic } from './support/script.ts'
import { centrifugo } from './targets/centrifugo.ts'
import { hub } from './targets/hub.ts'
import type { Target } from './targets/target.ts'

const arguments_ = process.argv.slice(2)
const target: Target = arguments_.includes('hub') ? hub : await centrifugo()
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

for (const topic of topics.filter(({ name }) => only.length === 0 || only.includes(name))) {
  const before = readGolden(topic.name)
  const played = await playTwice(topic)
  const golden: GoldenTopic = {}
  for (const { name } of topic.scripts) {
    const lines = played.get(name)
    const script = before[name]
    if (on === undefined) {
      const expected = lines ?? script?.expected
      if (expected) golden[name] = { ...script, expected }
    } else if (script) {
      const { [on]: _, ...rest } = script
      const listed = differenceOf(target.name, `${topic.name}: ${name}`) !== undefined
      golden[name] = lines && listed ? { ...rest, [on]: lines } : rest
      const differs = lines !== undefined && lines.join('\n') !== script.expected.join('\n')
      if (differs && !listed) console.log(`${topic.name}: ${name}\n${lines.map((line) => `    ${line}`).join('\n')}`)
    }
  }
  writeGolden(topic.name, golden)
  const closes = Object.values(golden).filter(({ expected }) => endsClosed(expected)).length
  console.log(`${topic.name}: ${Object.keys(golden).length} scripts, ${closes} of which end with a close`)
}

writeFileSync(new URL('differences.md', import.meta.url), renderDifferences())
