import { servicesAreRequired } from '@backchannel/servers'
import { describe } from 'vitest'

import { areas } from '../cases/index.ts'
import type { Way } from '../support/ways.ts'
import type { Target } from '../targets/target.ts'
import { clientSuite } from './client-suite.ts'
import { rawSuite } from './raw-suite.ts'

/** Everything, against one target; the raw scripts over each of their ways that `isPlayed`. */
export function conformanceSuite(target: Target, isPlayed?: (way: Way) => boolean): void {
  onTarget(target, () => {
    clientSuite(target, areas)
    rawSuite(target, isPlayed)
  })
}

/** Names the tests after the target. Where it can't run they are visible skips, or a failure where it must run. */
export function onTarget({ name, unavailable }: Target, tests: () => void): void {
  if (unavailable !== undefined && servicesAreRequired()) throw new Error(`REQUIRE_SERVICES=1, but ${unavailable}`)
  const options = unavailable === undefined ? {} : { skip: true, meta: { skipReason: unavailable } }
  // oxlint-disable-next-line vitest/valid-describe-callback -- the rule does not know options in the second place
  describe(name, options, tests)
}
