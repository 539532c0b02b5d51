import { defineConfig } from '@playwright/test'
import { findChromium } from '@backchannel/servers'
import type { EngineOption } from './e2e/support/fixtures.ts'

const executablePath = await findChromium()

const bothEngines = /realtime\.spec\.ts|conversation\.spec\.ts/

export default defineConfig<EngineOption>({
  testDir: 'e2e',
  globalSetup: './e2e/support/build.ts',
  // Two servers with their databases at once are what a small machine can take.
  workers: 2,
  fullyParallel: false,
  forbidOnly: process.env['CI'] !== undefined,
  // For a loaded machine; on an idle one a test takes seconds.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: 'list',
  use: {
    browserName: 'chromium',
    launchOptions: {
      ...(executablePath !== undefined && { executablePath }),
      args: ['--disable-gpu', '--disable-background-networking'],
    },
    // Pictures of a page that moves cost as much as the test.
    trace: { mode: 'retain-on-failure', screenshots: false },
    contextOptions: { reducedMotion: 'reduce' },
  },
  projects: [
    { name: 'embedded hub', testMatch: bothEngines, use: { engine: 'embedded' } },
    { name: 'Centrifugo', testMatch: [bothEngines, /centrifugo-outage\.spec\.ts/], use: { engine: 'centrifugo' } },
    {
      name: 'sandbox',
      testIgnore: [bothEngines, /centrifugo-outage\.spec\.ts/],
      use: { engine: 'embedded' },
    },
  ],
})
