import { requireServices, startCentrifugo, type CentrifugoServer } from '@backchannel/servers'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { publish } from '../index.ts'
import { recordLog, setEnvironment } from '../testing/environment.ts'

describe('a Centrifugo that hangs', await requireServices('centrifugo'), () => {
  let server: CentrifugoServer

  beforeAll(async () => {
    server = await startCentrifugo({ config: { http_api: { key: 'key' } } })
  })
  afterEach(() => vi.unstubAllEnvs())
  afterAll(() => server?.stop())

  test('makes publish false after five seconds, not later; when it goes on, true', async () => {
    const log = recordLog()
    setEnvironment({
      CENTRIFUGO_TOKEN_HMAC_SECRET: 'secret',
      CENTRIFUGO_API_KEY: 'key',
      CENTRIFUGO_API_URL: server.apiUrl,
    })
    expect(await publish('news', 1)).toBe(true)
    await server.pause()
    try {
      const start = performance.now()
      expect(await publish('news', 2)).toBe(false)
      const took = performance.now() - start
      expect(took).toBeGreaterThan(4900)
      expect(took).toBeLessThan(10_000)
      expect(log).toMatchObject([{ fields: { reason: 'timeout' } }])
    } finally {
      server.resume()
    }
    expect(await publish('news', 3)).toBe(true)
  })
})
