import { beforeAll, describe, expect, test } from 'vitest'

import { topics } from '../scripts/index.ts'
import { endsClosed, expectedOf, readGolden } from '../support/golden.ts'
import { type TopicResult, playTopic } from '../support/play-topic.ts'
import type { Script, Topic } from '../support/script.ts'
import { type Way, nameOver, waysOf } from '../support/ways.ts'
import type { Target } from '../targets/target.ts'

/** How many topics, each with a server of its own, are played at the same time: they mostly wait. */
const lanes = 4

/** The raw scripts: every frame compared with what the real Centrifugo was recorded to say. */
export function rawSuite(target: Target, isPlayed: (way: Way) => boolean = () => true): void {
  describe('raw', () => {
    const recorded = new Map(topics.map(({ name }) => [name, readGolden(name)]))
    const played = new Map(topics.map(({ name }) => [name, Promise.withResolvers<TopicResult>()]))
    const expected = ({ name: topic }: Topic, script: string, way: Way): string[] => {
      const golden = recorded.get(topic) ?? {}
      const lines = expectedOf(golden, target.name, topic, script, way)
      if (!lines) throw new Error(`${topic}: ${script} is not recorded (npm run record -w conformance)`)
      return lines
    }
    const play = async (topic: Topic): Promise<void> => {
      const { resolve, reject } = played.get(topic.name) ?? {}
      const options = ({ name }: Script, way: Way) => ({ endsClosed: endsClosed(expected(topic, name, way)) })
      await playTopic(target, topic, options, isPlayed).then(resolve, reject)
    }

    // The tests below only compare what has been played here.
    beforeAll(() => {
      for (const { promise } of played.values()) promise.catch(() => {})
      const queue = topics.filter(({ needs }) => needs === undefined || target.capabilities.has(needs))
      const lane = async () => {
        for (let topic = queue.shift(); topic; topic = queue.shift()) await play(topic)
      }
      for (let started = 0; started < lanes; started += 1) void lane()
    })

    for (const topic of topics) {
      if (topic.needs !== undefined && !target.capabilities.has(topic.needs)) {
        const skipReason = `this server has no ${topic.needs}`
        test.skip(`${topic.name} (${skipReason})`, { meta: { skipReason } }, () => {})
        continue
      }
      describe(topic.name, () => {
        let results: TopicResult
        beforeAll(async () => {
          results = (await played.get(topic.name)?.promise) ?? new Map()
        }, 120_000)

        for (const script of topic.scripts) {
          const { name } = script
          for (const way of waysOf(topic, script).filter(isPlayed)) {
            test(nameOver(way, name), () => {
              const lines = results.get(nameOver(way, name))
              if (lines instanceof Error) throw lines
              expect(lines).toEqual(expected(topic, name, way))
            })
          }
        }
      })
    }
  })
}
