import { afterAll, beforeAll, describe, test } from 'vitest'

import { suiteConfig } from '../config.ts'
import { differenceOf } from '../differences.ts'
import type { ClientWay } from '../support/peer.ts'
import { Stage } from '../support/stage.ts'
import type { RunningServer, Target } from '../targets/target.ts'
import type { Area } from './case.ts'

/** The cases with the official client. */
export function clientSuite(target: Target, areas: readonly Area[], way: ClientWay = 'websocket'): void {
  describe(way === 'websocket' ? 'client' : `client over ${way}`, () => {
    for (const area of areas) {
      describe.concurrent(area.name, () => {
        let server: RunningServer
        beforeAll(async () => {
          server = await target.start(suiteConfig(area.config))
        })
        afterAll(() => server?.stop())

        for (const { name, run, needs } of area.cases) {
          if (needs !== undefined && !target.capabilities.has(needs)) {
            test.skip(
              `${name} (this server has no ${needs})`,
              { meta: { skipReason: `this server has no ${needs}` } },
              () => {},
            )
            continue
          }
          // A listed difference that is none any more fails here too.
          const declare = differenceOf(target.name, `${area.name}: ${name}`) ? test.fails : test
          declare(name, { timeout: 30_000 }, async () => {
            const stage = new Stage(server, name, way)
            try {
              await run(stage, target)
            } finally {
              await stage.end()
            }
          })
        }
      })
    }
  })
}
