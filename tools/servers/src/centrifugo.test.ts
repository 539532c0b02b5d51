import { setTimeout as sleep } from 'node:timers/promises'

import { afterEach, describe, expect, test } from 'vitest'

import { startCentrifugo, withoutCentrifugoVariables } from './centrifugo.ts'
import { requireServices } from './require-services.ts'
import type { RunningServer } from './server-process.ts'

const config = { http_api: { key: 'key' }, channel: { without_namespace: { history_size: 1, history_ttl: '60s' } } }
const started: RunningServer[] = []

async function start(options: Parameters<typeof startCentrifugo>[0] = {}) {
  const server = await startCentrifugo({ config, ...options })
  started.push(server)
  return server
}

async function publish(apiUrl: string): Promise<unknown> {
  const response = await fetch(`${apiUrl}/publish`, {
    method: 'POST',
    headers: { 'X-API-Key': 'key' },
    body: JSON.stringify({ channel: 'news', data: {} }),
  })
  return response.json()
}

test('takes our own CENTRIFUGO_* variables out, and nothing else', () => {
  expect(withoutCentrifugoVariables({ CENTRIFUGO_API_KEY: 'ours', PATH: '/bin' })).toEqual({ PATH: '/bin' })
})

describe('startCentrifugo', await requireServices('centrifugo'), () => {
  afterEach(async () => {
    await Promise.all(started.splice(0).map((server) => server.stop()))
    delete process.env['CENTRIFUGO_API_KEY']
  })

  test('answers its health check and publishes, whatever key the app itself has', async () => {
    process.env['CENTRIFUGO_API_KEY'] = 'of the app'
    const server = await start()
    expect((await fetch(`${server.url}/health`)).status).toBe(200)
    expect(await publish(server.apiUrl)).toMatchObject({ result: { offset: 1 } })
  })

  test('comes back on the same port after a crash, without what it had in memory', async () => {
    const server = await start()
    await publish(server.apiUrl)
    const { port, pid } = server
    await server.kill()
    expect(server.pid).toBeUndefined()
    await expect(fetch(`${server.url}/health`)).rejects.toThrow('fetch failed')
    await server.restart()
    expect(server.port).toBe(port)
    expect(server.pid).not.toBe(pid)
    expect(await publish(server.apiUrl)).toMatchObject({ result: { offset: 1 } })
  })

  test('answers nothing while it is paused, and goes on after that', async () => {
    const server = await start()
    await server.pause()
    const answer = publish(server.apiUrl)
    expect(await Promise.race([answer, sleep(200, 'no answer')])).toBe('no answer')
    server.resume()
    expect(await answer).toMatchObject({ result: { offset: 1 } })
    await server.pause()
    await server.stop()
    expect(server.pid).toBeUndefined()
  })

  test('gives what the server printed when it does not start', async () => {
    await expect(start({ config: { engine: { type: 'abacus' } } })).rejects.toThrow(/abacus/)
  })

  test('runs side by side with others and may be stopped twice', async () => {
    const [one, other] = await Promise.all([start(), start()])
    expect(one.port).not.toBe(other.port)
    await one.stop()
    await one.stop()
    expect(await publish(other.apiUrl)).toMatchObject({ result: { offset: 1 } })
  })
})
