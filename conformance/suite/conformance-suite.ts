import { servicesAreRequired } from '@backchannel/servers'
import { describe, test } from 'vitest'

import { areas } from '../cases/index.ts'
import type { Target } from '../targets/target.ts'
import { clientSuite } from './client-suite.ts'
import { rawSuite } from './raw-suite.ts'

/** Everything, against one target. */
export function conformanceSuite(target: Target): void {
  onTarget(target, () => {
    clientSuite(target, areas)
    rawSuite(target)
  })
}

/** Names the tests after the target. One that can't run here is a visible skip, or a failure where it must run. */
export function onTarget(target: Target, tests: () => void): void {
  describe(target.name, () => {
    if (target.unavailable !== undefined) {
      if (servicesAreRequired()) throw new Error(`REQUIRE_SERVICES=1, but ${target.unavailable}`)
      test.skip(`the whole suite: ${target.unavailable}`, { meta: { skipReason: target.unavailable } }, () => {})
      return
    }
    tests()
  })
}
