import { getSecondaryStorage } from '@backchannel/cache'
import { betterAuth } from 'better-auth'
import { drizzleAdapter } from 'better-auth/adapters/drizzle'
import type { Logger } from 'pino'
import * as schema from '../src/db/schema.ts'
import type { Database } from './database.ts'
import { demoUser } from './demo-user.ts'
import type { Settings } from './settings.ts'

/** The client's address, written by the server itself; what a client sends under this name is thrown away. */
export const clientAddressHeader = 'x-client-address'

export function createAuth(
  db: Database,
  secret: string,
  /** Where this server listens. */
  url: string,
  { mode, publicUrl, trustProxy, demoUser: withDemoUser }: Settings,
  log: Logger,
) {
  const secondaryStorage = getSecondaryStorage()
  return betterAuth({
    // Shared by all instances, when there is a Valkey.
    ...(secondaryStorage === undefined ? {} : { secondaryStorage }),
    // In the database, too: what Valkey loses, or can't be asked for, is there.
    session: { storeSessionInDatabase: true },
    appName: 'Backchannel',
    database: drizzleAdapter(db, { provider: 'pg', schema }),
    secret,
    baseURL: publicUrl ?? url,
    // The page's own origin, by whatever name this machine was reached; another page's is refused.
    trustedOrigins: (request) => (request === undefined ? [] : [new URL(request.url).origin]),
    emailAndPassword: { enabled: true, minPasswordLength: 8 },
    rateLimit: { enabled: mode === 'production' },
    advanced: {
      // Left alone, it would be on in production, and Safari keeps no secure cookie from http://localhost.
      useSecureCookies: publicUrl?.startsWith('https:') ?? false,
      ipAddress: { ipAddressHeaders: [clientAddressHeader] },
      trustedProxyHeaders: trustProxy !== false,
      // Better Auth leaves these checks out under NODE_ENV=test unless it is told.
      disableOriginCheck: false,
      disableCSRFCheck: false,
    },
    plugins: withDemoUser ? [demoUser()] : [],
    telemetry: { enabled: false },
    logger: { log: (level, message, ...details) => log[level]({ details }, message) },
  })
}

export type Auth = ReturnType<typeof createAuth>
