import type { TaskMeta } from 'vitest'

import type { Availability } from './availability.ts'
import { centrifugoAvailable } from './centrifugo-binary.ts'
import { chromiumAvailable } from './chromium.ts'
import { postgresAvailable } from './postgres.ts'
import { redisAvailable } from './redis.ts'

declare module 'vitest' {
  interface TaskMeta {
    skipReason?: string
  }
}

const checks = {
  centrifugo: centrifugoAvailable,
  chromium: chromiumAvailable,
  postgres: postgresAvailable,
  redis: redisAvailable,
} satisfies Record<string, () => Promise<Availability>>

export type ServiceName = keyof typeof checks

/** With REQUIRE_SERVICES=1 a missing service is a failure; otherwise its tests are skipped, and say why. */
export function servicesAreRequired(): boolean {
  return process.env['REQUIRE_SERVICES'] === '1'
}

/** The reason why tests that need these services can't run here; `undefined` when they can. */
export async function missingServices(...names: ServiceName[]): Promise<string | undefined> {
  const answers = await Promise.all(names.map((name) => checks[name]()))
  const reasons = answers.flatMap((answer) => (answer.ok ? [] : [answer.reason]))
  return reasons.length === 0 ? undefined : reasons.join('; ')
}

/**
 * Options for vitest's `describe` or `test`: nothing when every service is there, else a skip whose reason the test
 * report shows. Throws instead when services are required. Centrifugo is built here on first use, which may take
 * minutes: await this at the top of the file, where no test timeout runs.
 */
export async function requireServices(...names: ServiceName[]): Promise<{ skip?: boolean; meta?: Partial<TaskMeta> }> {
  const reason = await missingServices(...names)
  if (reason === undefined) return {}
  if (servicesAreRequired()) throw new Error(`REQUIRE_SERVICES=1, but ${reason}`)
  return { skip: true, meta: { skipReason: reason } }
}
