import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { isRealtimeEnabled, publish, realtimeWsUrl } from './index.ts'
import { recordLog, setEnvironment, type LogLine } from './testing/environment.ts'
import { occupyWithFakeHub } from './testing/fake-hub.ts'

const secret = { CENTRIFUGO_TOKEN_HMAC_SECRET: 'secret' }
const apiKey = { CENTRIFUGO_API_KEY: 'key' }
const both = { ...secret, ...apiKey }

let log: LogLine[]
let vacate = () => {}

beforeEach(() => {
  log = recordLog()
  setEnvironment()
})
afterEach(() => {
  vacate()
  vacate = () => {}
  vi.unstubAllEnvs()
})

describe('isRealtimeEnabled', () => {
  test('is true when both secrets are set, and read at each call', () => {
    expect(isRealtimeEnabled()).toBe(false)
    setEnvironment(both)
    expect(isRealtimeEnabled()).toBe(true)
    setEnvironment()
    expect(isRealtimeEnabled()).toBe(false)
    expect(log).toEqual([])
  })

  test('takes an empty value for unset', () => {
    setEnvironment({ ...secret, CENTRIFUGO_API_KEY: '' })
    expect(isRealtimeEnabled()).toBe(false)
    setEnvironment({ ...apiKey, CENTRIFUGO_TOKEN_HMAC_SECRET: '' })
    expect(isRealtimeEnabled()).toBe(false)
    log.length = 0
    setEnvironment({ CENTRIFUGO_API_KEY: '', CENTRIFUGO_TOKEN_HMAC_SECRET: '' })
    expect(isRealtimeEnabled()).toBe(false)
    expect(log).toEqual([])
  })

  test('is true while a hub runs in this process', () => {
    ;({ vacate } = occupyWithFakeHub())
    expect(isRealtimeEnabled()).toBe(true)
    vacate()
    expect(isRealtimeEnabled()).toBe(false)
  })

  test.each([
    ['CENTRIFUGO_TOKEN_HMAC_SECRET', 'CENTRIFUGO_API_KEY', secret],
    ['CENTRIFUGO_API_KEY', 'CENTRIFUGO_TOKEN_HMAC_SECRET', apiKey],
  ])('warns once when only %s is set', async (present, missing, environment) => {
    setEnvironment(environment)
    expect(isRealtimeEnabled()).toBe(false)
    expect(isRealtimeEnabled()).toBe(false)
    realtimeWsUrl()
    expect(log).toEqual([
      { fields: { missing }, message: `[realtime] ${present} is set but ${missing} is not: Centrifugo is not used` },
    ])
    expect(await publish('sandbox:demo', {})).toBe(false)
    expect(log.filter(({ fields }) => 'missing' in fields)).toHaveLength(1)
    expect(JSON.stringify(log)).not.toContain(Object.values(environment)[0])
  })

  test('half-set variables do not hide a hub', () => {
    ;({ vacate } = occupyWithFakeHub())
    setEnvironment(secret)
    expect(isRealtimeEnabled()).toBe(true)
    expect(realtimeWsUrl()).toBe('ws://hub.test/connection/websocket')
    expect(log).toHaveLength(1)
  })

  test('importing starts no hub, no timer and no socket', () => {
    // A process of its own: it ends by itself only when nothing was left open.
    const script = `
      const realtime = await import('@backchannel/realtime')
      const slot = Object.getOwnPropertySymbols(globalThis).map(String).filter((name) => name.includes('hub'))
      console.log(JSON.stringify({ enabled: realtime.isRealtimeEnabled(), slot }))
    `
    const output = execFileSync(
      process.execPath,
      ['--conditions=@backchannel/source', '--input-type=module', '--eval', script],
      { cwd: import.meta.dirname, encoding: 'utf8', timeout: 10_000, env: { PATH: process.env['PATH'] } },
    )
    expect(JSON.parse(output)).toEqual({ enabled: false, slot: [] })
  })
})

describe('realtimeWsUrl', () => {
  const request = new Request('https://app.test/sandbox')

  test('is the local Centrifugo by default, and CENTRIFUGO_WS_URL when set', () => {
    expect(realtimeWsUrl()).toBe('ws://localhost:8000/connection/websocket')
    setEnvironment({ CENTRIFUGO_WS_URL: '' })
    expect(realtimeWsUrl()).toBe('ws://localhost:8000/connection/websocket')
    setEnvironment({ CENTRIFUGO_WS_URL: 'wss://push.test/ws' })
    expect(realtimeWsUrl()).toBe('wss://push.test/ws')
    setEnvironment({ ...both, CENTRIFUGO_WS_URL: 'wss://push.test/ws' })
    expect(realtimeWsUrl()).toBe('wss://push.test/ws')
    expect(realtimeWsUrl(request)).toBe('wss://push.test/ws')
  })

  test("is the hub's with a hub, which gets the request", () => {
    ;({ vacate } = occupyWithFakeHub())
    expect(realtimeWsUrl()).toBe('ws://hub.test/connection/websocket')
    expect(realtimeWsUrl(request)).toBe('ws://app.test/own')
  })

  test.each([
    ["Node's IncomingMessage", { url: '/sandbox?token=canary', headers: { host: 'app.test' } }],
    ['a string', 'https://app.test/?token=canary'],
    ['a URL', new URL('https://app.test/?token=canary')],
    ['a Request without an origin', { url: '/sandbox?token=canary', headers: new Headers() }],
  ])('%s in place of the request throws, whatever the engine', (_name, wrong) => {
    const error = new TypeError(
      'realtimeWsUrl: request must be a Fetch API Request with an absolute URL; in a node:http listener make one: ' +
        'new Request(`http://${request.headers.host}${request.url}`)',
    )
    const ask = () => realtimeWsUrl(wrong as Request)
    expect(ask).toThrow(error)
    setEnvironment(both)
    expect(ask).toThrow(error)
    setEnvironment()
    ;({ vacate } = occupyWithFakeHub())
    expect(ask).toThrow(error)
  })

  test("Centrifugo's variables win over a hub", () => {
    ;({ vacate } = occupyWithFakeHub())
    setEnvironment(both)
    expect(realtimeWsUrl(request)).toBe('ws://localhost:8000/connection/websocket')
  })
})
