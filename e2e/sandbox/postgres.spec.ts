import { missingServices, servicesAreRequired, startPostgres, startRedis } from '@backchannel/servers'
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
    const warned = () =>
      instances.filter(({ output }) => output.includes('another instance on this database has an embedded hub'))
    await expect.poll(() => warned().length).toBe(1)

    await one.end()
    await one.start()
    expect((await tokenFrom(one)).status).toBe(200)
  } finally {
    await Promise.all(instances.map((instance) => instance.remove()))
    await postgres.stop()
  }
})

test('two instances with a Valkey share sessions and rate limits; without it sessions come from the database', async () => {
  const missing = await missingServices('postgres', 'redis')
  if (missing !== undefined && servicesAreRequired()) throw new Error(`REQUIRE_SERVICES=1, but ${missing}`)
  test.skip(missing !== undefined, missing)

  test.slow()
  const [postgres, valkey] = await Promise.all([startPostgres(), startRedis()])
  const env = {
    DATABASE_URL: await postgres.createDatabase(),
    BETTER_AUTH_SECRET: 'the same in every instance, and long',
    VALKEY_URL: valkey.url,
  }
  const instances = [new SandboxServer({ env }), new SandboxServer({ env })] as const
  const [one, other] = instances
  const headersOf = ({ url }: SandboxServer, address: string) => ({
    'content-type': 'application/json',
    origin: url,
    'x-forwarded-for': address,
  })
  try {
    await one.start()
    await other.start()
    const account = { name: 'Ann', email: 'ann@example.com', password: 'correct horse battery' }
    const signedUp = await fetch(`${one.url}/api/auth/sign-up/email`, {
      method: 'POST',
      headers: headersOf(one, '10.1.1.1'),
      body: JSON.stringify(account),
    })
    expect(signedUp.status).toBe(200)
    const cookie = signedUp.headers
      .getSetCookie()
      .map((one) => one.split(';', 1)[0])
      .join('; ')
    const tokenFrom = async (instance: SandboxServer) =>
      (await fetch(`${instance.url}/api/token/connection`, { headers: { cookie } })).status
    expect([await tokenFrom(one), await tokenFrom(other)]).toEqual([200, 200])

    // Three sign-ins within ten seconds are let through, on whichever instance they arrive.
    const wrong = JSON.stringify({ email: account.email, password: 'wrong wrong wrong' })
    const statuses: number[] = []
    for (const instance of [one, other, one, other]) {
      const answer = await fetch(`${instance.url}/api/auth/sign-in/email`, {
        method: 'POST',
        headers: headersOf(instance, '10.9.9.9'),
        body: wrong,
      })
      statuses.push(answer.status)
    }
    expect(statuses).toEqual([401, 401, 401, 429])

    await valkey.stop()
    expect([await tokenFrom(one), await tokenFrom(other)]).toEqual([200, 200])
  } finally {
    await Promise.all(instances.map((instance) => instance.remove()))
    await Promise.all([postgres.stop(), valkey.stop()])
  }
})
