/** What the browser half promises, asked of a real server. Each engine's test file calls it. */
import { describe, type TestOptions } from 'vitest'
import { channelsCases } from './client-suite/channels.ts'
import { closingCases } from './client-suite/closing.ts'
import { exceptionsCases } from './client-suite/exceptions.ts'
import { messagesCases } from './client-suite/messages.ts'
import { recoveryCases } from './client-suite/recovery.ts'
import { statesCases } from './client-suite/states.ts'
import { tokensCases } from './client-suite/tokens.ts'
import { createHarness } from './client-suite/harness.ts'
import type { RealServer } from './real-servers.ts'

export function describeClient(name: string, options: TestOptions, start: () => Promise<RealServer>): void {
  describe(`client on ${name}`, options, () => {
    const harness = createHarness(start)
    messagesCases(harness)
    statesCases(harness)
    closingCases(harness)
    tokensCases(harness)
    recoveryCases(harness)
    channelsCases(harness)
    exceptionsCases(harness)
  })
}
