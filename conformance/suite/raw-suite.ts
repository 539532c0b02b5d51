import { beforeAll, describe, expect, test } from 'vitest'

import { differenceOf, listedUnder } from '../differences.ts'
import { topics } from '../scripts/index.ts'
import { type GoldenScript, endsClosed, readGolden } from '../support/golden.ts'
import { playTopic } from '../support/play-topic.ts'
import type { Target } from '../targets/target.ts'

/** What this target has to say: what v6 says, unless a difference is listed. */
function expectedOf(target: Target, name: string, script: GoldenScript): string[] {
  const on = listedUnder(target.name)
  if (on === undefined || !differenceOf(target.name, name)) return script.expected
  const own = script[on]
  if (!own) throw new Error(`${name}: a difference is listed but not recorded (npm run record -w conformance)`)
  if (own.join('\n') === script.expected.join('\n')) throw new Error(`${name}: listed as a difference, but there is none`)
  return own
}

/** The raw scripts: every frame compared with what the real Centrifugo was recorded to say. */
export function rawSuite(target: Target): void {
  describe('raw', () => {
    for (const topic of topics)
      describe(topic.name, () => {
        const golden = readGolden(topic.name)
        let played: Map<string, string[] | Error>
        const expected = (name: string): string[] => {
          const script = golden[name]
          if (!script) throw new Error(`${topic.name}: ${name} is not recorded (npm run record -w conformance)`)
          return expectedOf(target, `${topic.name}: ${name}`, script)
        }

        // All at once, because most of a script's life is waiting; the tests below only compare.
        beforeAll(async () => {
          played = await playTopic(target, topic, ({ name }) => ({ endsClosed: endsClosed(expected(name)) }))
        }, 120_000)

        for (const { name, needs } of topic.scripts) {
          if (needs !== undefined && !target.capabilities.has(needs)) {
            test.skip(`${name} (this server has no ${needs})`, { meta: { skipReason: `this server has no ${needs}` } }, () => {})
          } else {
            test(name, () => {
              const lines = played.get(name)
              if (lines instanceof Error) throw lines
              expect(lines).toEqual(expected(name))
            })
          }
        }
      })
  })
}
