import { expect, test } from 'vitest'

import { onTarget } from './suite/conformance-suite.ts'
import { playTopic } from './support/play-topic.ts'
import { generator, seed } from './support/random.ts'
import { randomScript } from './support/random-script.ts'
import type { Way } from './support/ways.ts'
import { centrifugo } from './targets/centrifugo.ts'
import { hubDelayed } from './targets/hub-delayed.ts'
import { hub } from './targets/hub.ts'

const real = await centrifugo()
const random = generator(seed)
/** With both codecs; what carries them has its own scripts. */
const isPlayed = (way: Way) => way.startsWith('websocket')
const scripts = Array.from({ length: 300 }, (_, index) => randomScript(`random ${index}`, random))

onTarget(real, () => {
  test(
    `the hubs say the same in 300 random conversations, with both codecs (SEED=${seed})`,
    { timeout: 120_000 },
    async () => {
      const [expected, ...others] = await Promise.all(
        [real, hub, hubDelayed].map((target) =>
          playTopic(target, { name: 'random', isEverywhere: true, scripts }, () => ({ endsClosed: false }), isPlayed),
        ),
      )
      for (const answers of others) {
        const differing = [...answers.keys()].filter(
          (name) => String(answers.get(name)) !== String(expected?.get(name)),
        )
        const told = (from: typeof answers) => differing.map((name) => from.get(name))
        expect(answers.size).toBe(expected?.size)
        expect(told(answers)).toEqual(told(expected ?? new Map()))
      }
    },
  )
})
