/** Tells when publishes can't reach everybody: each embedded hub knows the browsers of its own process only. */
import type { Logger } from 'pino'
import type { OpenDatabase } from './database.ts'

/** Any number, the same in every instance. */
const hubLock = 6_237_771_005

/**
 * Warns when another process on this database has an embedded hub, too.
 * @returns gives the place back
 */
export async function claimSoleHub({ tryLock }: Pick<OpenDatabase, 'tryLock'>, log: Logger): Promise<() => void> {
  const release = await tryLock(hubLock)
  if (release !== undefined) return release
  log.warn(
    'another instance on this database has an embedded hub, too: a publish reaches only the browsers of the instance ' +
      'that it is made on. Set CENTRIFUGO_TOKEN_HMAC_SECRET and CENTRIFUGO_API_KEY in all of them to publish through Centrifugo',
  )
  return () => {}
}
