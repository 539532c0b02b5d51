import { beforeAll, describe, expect, test } from 'vitest'

import { differenceOf, listedUnder } from '../differences.ts'
import { topics } from '../scripts/index.ts'
import { type GoldenScript, endsClosed, readGolden } from '../support/golden.ts'
import { type TopicResult, playTopic } from '../support/play-topic.ts'
import type { Script, Topic } from '../support/script.ts'
import type { Target } from '../targets/target.ts'

/** What this target has to say: what v6 says, unless a difference is listed. */
function expectedOf(target: Target, name: string, script: GoldenScript): string[] {
  const on = listedUnder(target.name)
  if (on === undefined || !differenceOf(target.name, name)) return script.expected
  const own = script[on]
  if (!own) throw new Error(`${name}: a difference is listed but not recorded (npm run record -w conformance)`)
  if (own.join('\n') === script.expected.join('\n')) {
    throw new Error(`${name}: listed as a difference, but there is none`)
  }
  return own
}

/** How many topics, each with a server of its own, are played at the same time: they mostly wait. */
const lanes = 4

/** The raw scripts: every frame compared with what the real Centrifugo was recorded to say. */
export function rawSuite(target: Target): void {
  describe('raw', () => {
    const recorded = new Map(topics.map(({ name }) => [name, readGolden(name)]))
    const played = new Map(topics.map(({ name }) => [name, Promise.withResolvers<TopicResult>()]))
    const expected = (topic: Topic, name: string): string[] => {
      const script = recorded.get(topic.name)?.[name]
      if (!script) throw new Error(`${topic.name}: ${name} is not recorded (npm run record -w conformance)`)
      return expectedOf(target, `${topic.name}: ${name}`, script)
    }
    const play = async (topic: Topic): Promise<void> => {
      const { resolve, reject } = played.get(topic.name) ?? {}
      const options = ({ name }: Script) => ({ endsClosed: endsClosed(expected(topic, name)) })
      await playTopic(target, topic, options).then(resolve, reject)
    }

    // The tests below only compare what has been played here.
    beforeAll(() => {
      for (const { promise } of played.values()) promise.catch(() => {})
      const queue = [...topics]
      const lane = async () => {
        for (let topic = queue.shift(); topic; topic = queue.shift()) await play(topic)
      }
      for (let started = 0; started < lanes; started += 1) void lane()
    })

    for (const topic of topics) {
      describe(topic.name, () => {
        let results: TopicResult
        beforeAll(async () => {
          results = (await played.get(topic.name)?.promise) ?? new Map()
        }, 120_000)

        for (const { name, needs } of topic.scripts) {
          if (needs !== undefined && !target.capabilities.has(needs)) {
            const skipReason = `this server has no ${needs}`
            test.skip(`${name} (${skipReason})`, { meta: { skipReason } }, () => {})
          } else {
            test(name, () => {
              const lines = results.get(name)
              if (lines instanceof Error) throw lines
              expect(lines).toEqual(expected(topic, name))
            })
          }
        }
      })
    }
  })
}
