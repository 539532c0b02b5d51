import { missingServices, servicesAreRequired, startPostgres } from '@backchannel/servers'
import { expect, test } from '@playwright/test'
import { SandboxServer } from '../support/sandbox-server.ts'

test('two instances on one Postgres: a session of one holds on the other, and a restart loses nothing', async () => {
  const missing = await missingServices('postgres')
  if (missing !== undefined && servicesAreRequired()) throw new Error(`REQUIRE_SERVICES=1, but ${missing}`)
  test.skip(missing !== undefined, missing)

  test.slow()
  const postgres = await startPostgres()
  const env = {
    DATABASE_URL: await postgres.createDatabase(),
    BETTER_AUTH_SECRET: 'the same in every instance, and long',
  }
  // At once: both find an empty database, and one of them migrates it.
  const instances = [new SandboxServer({ env }), new SandboxServer({ env })] as const
  const [one, other] = instances
  try {
    await Promise.all(instances.map((instance) => instance.start()))
    const signedIn = await fetch(`${one.url}/api/auth/sign-in/demo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: one.url },
      body: '{}',
    })
    expect(signedIn.status).toBe(200)
    const headers = {
      cookie: signedIn.headers
        .getSetCookie()
        .map((cookie) => cookie.split(';', 1)[0])
        .join('; '),
    }
    const tokenFrom = (instance: SandboxServer) => fetch(`${instance.url}/api/token/connection`, { headers })
    expect((await tokenFrom(other)).status).toBe(200)
    // Derived from the same secret, a token of one opens the other's hub as well.
    expect(one.hubApiKey).toBe(other.hubApiKey)

    await one.end()
    await one.start()
    expect((await tokenFrom(one)).status).toBe(200)
  } finally {
    await Promise.all(instances.map((instance) => instance.remove()))
    await postgres.stop()
  }
})
