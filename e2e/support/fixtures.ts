/** What the specs share: a running sandbox on one of the engines, and browsers that are signed in. */
import { missingServices, servicesAreRequired, startCentrifugo, startPostgres } from '@backchannel/servers'
import type { CentrifugoServer, PostgresServer } from '@backchannel/servers'
import { type BrowserContext, test as base, type Page } from '@playwright/test'
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { visit } from './hydration.ts'
import { repository, SandboxServer } from './sandbox-server.ts'
import { enter, type DemoPerson } from './sign-in.ts'

export interface EngineOption {
  engine: 'embedded' | 'centrifugo'
}

export interface Running {
  readonly sandbox: SandboxServer
  /** Undefined with the embedded hub. */
  readonly centrifugo: CentrifugoServer | undefined
  /** The app's database beside Centrifugo; undefined with the embedded hub, which has PGlite. */
  readonly postgres: PostgresServer | undefined
  /** Of the server API. */
  readonly apiUrl: string
  readonly apiKey: string
  readonly websocketUrl: string
}

interface WorkerFixtures extends EngineOption {
  missing: string | undefined
  /** A sandbox on the project's engine, for the specs of one worker. */
  running: Running
}

export type OpenBrowser = (user: 'demo' | 'new' | DemoPerson, path?: string) => Promise<Page>

interface TestFixtures {
  services: void
  /** A browser of its own in which the user is signed in, on a page that answers. @default path /sandbox/realtime */
  openBrowser: OpenBrowser
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  engine: ['embedded', { scope: 'worker', option: true }],

  missing: [
    async ({ engine }, use) => {
      await use(
        await missingServices('chromium', ...(engine === 'centrifugo' ? (['centrifugo', 'postgres'] as const) : [])),
      )
    },
    { scope: 'worker' },
  ],

  services: [
    async ({ missing }, use, testInfo) => {
      if (missing !== undefined && servicesAreRequired()) throw new Error(`REQUIRE_SERVICES=1, but ${missing}`)
      testInfo.skip(missing !== undefined, missing)
      await use()
    },
    { auto: true },
  ],

  running: [
    async ({ engine }, use) => {
      const running = engine === 'embedded' ? await startEmbedded() : await startOnCentrifugo()
      await use(running)
      await running.sandbox.remove()
      await running.centrifugo?.stop()
      await running.postgres?.stop()
    },
    { scope: 'worker', timeout: 180_000 },
  ],

  openBrowser: async ({ browser, running }, use) => {
    const contexts: BrowserContext[] = []
    await use(async (user, path = '/sandbox/realtime') => {
      const context = await browser.newContext({ baseURL: running.sandbox.url, extraHTTPHeaders: ownAddress() })
      contexts.push(context)
      await enter(context, user)
      const page = await context.newPage()
      await visit(page, path)
      return page
    })
    for (const context of contexts) await context.close()
  },
})

export { expect } from '@playwright/test'

/** The rate limit counts per address; each browser has one. */
export function ownAddress(): Record<string, string> {
  return { 'x-forwarded-for': `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}` }
}

async function startEmbedded(): Promise<Running> {
  const sandbox = await SandboxServer.start()
  return {
    sandbox,
    centrifugo: undefined,
    postgres: undefined,
    apiUrl: `${sandbox.url}/api`,
    apiKey: sandbox.hubApiKey,
    websocketUrl: `${sandbox.url.replace('http', 'ws')}/connection/websocket`,
  }
}

async function startOnCentrifugo(): Promise<Running> {
  const config = JSON.parse(readFileSync(path.join(repository, 'centrifugo/config.json'), 'utf8'))
  // The app listens on whatever port is free.
  const centrifugo = await startCentrifugo({
    config: { ...config, client: { ...config.client, allowed_origins: ['http://localhost:*'] } },
  })
  const apiKey: string = config.http_api.key
  const postgres = await startPostgres()
  const sandbox = await SandboxServer.start({
    env: {
      DATABASE_URL: await postgres.createDatabase(),
      CENTRIFUGO_TOKEN_HMAC_SECRET: config.client.token.hmac_secret_key,
      CENTRIFUGO_API_KEY: apiKey,
      CENTRIFUGO_API_URL: centrifugo.apiUrl,
      CENTRIFUGO_WS_URL: centrifugo.websocketUrl,
    },
  })
  return { sandbox, centrifugo, postgres, apiUrl: centrifugo.apiUrl, apiKey, websocketUrl: centrifugo.websocketUrl }
}
