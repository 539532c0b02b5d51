/** The URL that a real hub gives to pages, asked for the way an app asks. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHub, type HubOptions } from '@backchannel/hub'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { isRealtimeEnabled, realtimeWsUrl } from './index.ts'
import { recordLog, setEnvironment } from './testing/environment.ts'

const stops: (() => Promise<void>)[] = []

beforeEach(() => {
  recordLog()
  setEnvironment()
})
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  vi.unstubAllEnvs()
})

async function startHub(options: HubOptions = {}): Promise<number> {
  const server: Server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const hub = createHub({ config: { client: { token: { hmac_secret_key: 'secret' } } }, ...options })
  hub.attach(server)
  stops.push(async () => {
    await hub.close()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
  return (server.address() as AddressInfo).port
}

const page = (url: string, headers: Record<string, string> = {}) => new Request(url, { headers })
const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'public.test' }

test("is on the page's own origin: wss under https, ws under http", async () => {
  await startHub()
  expect(realtimeWsUrl(page('http://localhost:3000/sandbox'))).toBe('ws://localhost:3000/connection/websocket')
  expect(realtimeWsUrl(page('https://app.test/sandbox?x=1'))).toBe('wss://app.test/connection/websocket')
})

test('believes forwarded headers only when the hub was told to', async () => {
  await startHub()
  expect(realtimeWsUrl(page('http://inner:3000/', forwarded))).toBe('ws://inner:3000/connection/websocket')
  await startHub({ trustProxy: true })
  expect(realtimeWsUrl(page('http://inner:3000/', forwarded))).toBe('wss://public.test/connection/websocket')
})

test('without a request is where the hub listens, or the public URL that it was given', async () => {
  const port = await startHub()
  expect(new URL(realtimeWsUrl())).toMatchObject({
    protocol: 'ws:',
    port: String(port),
    pathname: '/connection/websocket',
  })
  await startHub({ publicUrl: 'wss://push.test/connection/websocket' })
  expect(realtimeWsUrl()).toBe('wss://push.test/connection/websocket')
})

test('a hub makes realtime enabled, and its end disabled', async () => {
  expect(isRealtimeEnabled()).toBe(false)
  await startHub()
  expect(isRealtimeEnabled()).toBe(true)
  await stops.pop()?.()
  expect(isRealtimeEnabled()).toBe(false)
  expect(realtimeWsUrl()).toBe('ws://localhost:8000/connection/websocket')
})
