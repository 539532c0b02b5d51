import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { broadcast, publish, setRealtimeLogger } from './index.ts'
import {
  answer,
  breakOff,
  deadApiUrl,
  hang,
  hangAfterHeaders,
  reset,
  startApiServer,
  type ApiBehaviour,
  type ApiServer,
} from './testing/api-server.ts'
import { recordLog, setEnvironment, type LogLine } from './testing/environment.ts'
import { occupyWithFakeHub } from './testing/fake-hub.ts'

// Canaries: a search through everything logged must find none of them.
const apiKey = 'canary-api-key'
const secret = 'canary-token-secret'
const payload = { text: 'canary-payload' }
const retry = { retryDelayMs: 1 }

let api: ApiServer
let log: LogLine[]
let vacate = () => {}

beforeAll(async () => {
  api = await startApiServer()
})
afterAll(() => api.stop())

beforeEach(() => {
  log = recordLog()
  configure(api.url)
  api.requests.length = 0
  api.behave(answer(200, '{"result":{}}'))
})
afterEach(() => {
  vacate()
  vacate = () => {}
  const leaked = JSON.stringify(log).includes('canary')
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  if (leaked) throw new Error('the log holds a secret or a payload')
})

function configure(url: string | undefined) {
  setEnvironment({
    CENTRIFUGO_TOKEN_HMAC_SECRET: secret,
    CENTRIFUGO_API_KEY: apiKey,
    ...(url !== undefined && { CENTRIFUGO_API_URL: url }),
  })
}

/** Lets `AbortSignal.timeout` run out early, and tells which limits were asked for. */
function shortLimits(ms = 30): number[] {
  const asked: number[] = []
  const timeout = AbortSignal.timeout.bind(AbortSignal)
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((limit) => {
    asked.push(limit)
    return timeout(ms)
  })
  return asked
}

const circular: { self?: unknown } = {}
circular.self = circular
const unserialisable: [string, unknown][] = [
  ['undefined', undefined],
  ['a function', () => 1],
  ['a symbol', Symbol('x')],
  ['a BigInt', { n: 1n }],
  ['a circle', circular],
  [
    'a toJSON that throws',
    {
      toJSON() {
        throw new Error('canary-payload')
      },
    },
  ],
]

describe('publish', () => {
  test('posts channel and data with the key', async () => {
    expect(await publish('sandbox:demo', payload)).toBe(true)
    expect(api.requests).toHaveLength(1)
    const [request] = api.requests
    expect(request).toMatchObject({
      verb: 'POST',
      path: '/api/publish',
      body: '{"channel":"sandbox:demo","data":{"text":"canary-payload"}}',
    })
    expect(request?.headers).toMatchObject({ 'content-type': 'application/json', 'x-api-key': apiKey })
    expect(request?.headers).not.toHaveProperty('x-centrifugo-error-mode')
    expect(log).toEqual([])
  })

  test('uses the global fetch of the moment, http://localhost:8000/api by default', async () => {
    const calls: unknown[][] = []
    const fetchSpy = vi.spyOn(globalThis, 'fetch').mockImplementation(async (...args) => {
      calls.push(args)
      return new Response('{}')
    })
    configure(undefined)
    expect(await publish('sandbox:demo', 1)).toBe(true)
    configure('')
    expect(await publish('sandbox:demo', 1)).toBe(true)
    configure('https://push.test/api/')
    expect(await publish('sandbox:demo', 1)).toBe(true)
    expect(calls.map(([url]) => url)).toEqual([
      'http://localhost:8000/api/publish',
      'http://localhost:8000/api/publish',
      'https://push.test/api/publish',
    ])
    fetchSpy.mockRestore()
  })

  test('null, false, 0 and "" are data', async () => {
    for (const data of [null, false, 0, '']) expect(await publish('sandbox:demo', data)).toBe(true)
    expect(api.requests.map(({ body }) => body)).toEqual(
      ['null', 'false', '0', '""'].map((data) => `{"channel":"sandbox:demo","data":${data}}`),
    )
  })

  test.each([
    ['empty', answer(200)],
    ['blank', answer(200, ' \n')],
    ['empty with 204', answer(204)],
    ['{}', answer(200, '{}')],
    ['a result', answer(200, '{"result":{"offset":1,"epoch":"abcd"}}')],
    ['an error of null', answer(200, '{"error":null,"result":{}}')],
  ] satisfies [string, ApiBehaviour][])('a 2xx answer that is %s gives true', async (_name, behaviour) => {
    api.behave(behaviour)
    expect(await publish('sandbox:demo', payload)).toBe(true)
  })

  test.each([
    [
      'an error in a 200',
      answer(200, '{"error":{"code":102,"message":"unknown channel"}}'),
      'rejected',
      102,
      undefined,
    ],
    ['HTTP 401', answer(401), 'status', undefined, 401],
    ['HTTP 500', answer(500, 'canary'), 'status', undefined, 500],
    ['HTTP 500 with a code', answer(500, '{"code":100,"message":"oops"}'), 'rejected', 100, 500],
    ['HTTP 302', answer(302, '', { location: '/api/elsewhere' }), 'status', undefined, 302],
    ['a page instead of JSON', answer(200, '<html>canary</html>'), 'malformed', undefined, undefined],
    ['JSON that is no object', answer(200, '["canary"]'), 'malformed', undefined, undefined],
    ['an error without a code', answer(200, '{"error":"canary"}'), 'malformed', undefined, undefined],
    ['a reset', reset, 'network', undefined, undefined],
    ['a connection that breaks off', breakOff, 'network', undefined, undefined],
  ] satisfies [string, ApiBehaviour, string, number | undefined, number | undefined][])(
    '%s gives false and its reason',
    async (_name, behaviour, reason, code, status) => {
      api.behave(behaviour)
      expect(await publish('sandbox:demo', payload)).toBe(false)
      expect(api.requests).toHaveLength(1)
      expect(log).toHaveLength(1)
      expect(log[0]?.fields).toEqual({
        channel: 'sandbox:demo',
        reason,
        ...(code !== undefined && { code }),
        ...(status !== undefined && { status }),
      })
      expect(log[0]?.message).toMatch(/^\[realtime\] publish: /)
    },
  )

  test.each([
    ['no answer', hang],
    ['half an answer', hangAfterHeaders],
  ])('%s within 5 seconds gives false', async (_name, behaviour) => {
    const limits = shortLimits()
    api.behave(behaviour)
    expect(await publish('sandbox:demo', payload)).toBe(false)
    expect(limits).toEqual([5000])
    expect(log[0]?.fields).toMatchObject({ reason: 'timeout' })
  })

  test('a server that hangs costs five seconds, on the real clock', async () => {
    api.behave(hang)
    const start = performance.now()
    expect(await publish('sandbox:demo', payload)).toBe(false)
    const took = performance.now() - start
    expect(took).toBeGreaterThan(4900)
    expect(took).toBeLessThan(10_000)
  })

  test('a server that is down gives false, and is used again when it is back', async () => {
    configure(await deadApiUrl())
    expect(await publish('sandbox:demo', payload)).toBe(false)
    expect(log[0]).toMatchObject({ fields: { reason: 'network' } })
    expect(log[0]?.message).toContain('ECONNREFUSED')
    configure(api.url)
    expect(await publish('sandbox:demo', payload)).toBe(true)
  })

  test.each(unserialisable)('%s as data gives false without a request', async (_name, data) => {
    expect(await publish('sandbox:demo', data)).toBe(false)
    expect(api.requests).toEqual([])
    expect(log).toMatchObject([{ fields: { reason: 'unserialisable' } }])
  })

  test('is false without any network call when disabled', async () => {
    const fetchSpy = vi.spyOn(globalThis, 'fetch')
    for (const environment of [{}, { CENTRIFUGO_API_KEY: apiKey }, { CENTRIFUGO_TOKEN_HMAC_SECRET: secret }]) {
      setEnvironment({ ...environment, CENTRIFUGO_API_URL: api.url })
      expect(await publish('sandbox:demo', payload)).toBe(false)
      expect(await broadcast(['sandbox:demo'], payload)).toBe(false)
    }
    expect(fetchSpy).not.toHaveBeenCalled()
    expect(log.filter(({ fields }) => fields['reason'] === 'disabled')).toHaveLength(2)
  })

  test('a wrong URL, or a key that no header can hold, gives false and shows neither', async () => {
    configure('http://user:canary-password@127.0.0.1:1/api')
    expect(await publish('sandbox:demo', payload)).toBe(false)
    configure('not a url with canary')
    expect(await publish('sandbox:demo', payload)).toBe(false)
    setEnvironment({
      CENTRIFUGO_TOKEN_HMAC_SECRET: secret,
      CENTRIFUGO_API_KEY: 'canary\nkey',
      CENTRIFUGO_API_URL: api.url,
    })
    expect(await publish('sandbox:demo', payload)).toBe(false)
    expect(api.requests).toEqual([])
    expect(log.length).toBeGreaterThan(0)
  })
})

describe('the log of failures', () => {
  test('has one line per reason and minute, with the number of those left out', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    api.behave(answer(500))
    for (let i = 0; i < 5; i++) expect(await publish('sandbox:demo', payload)).toBe(false)
    expect(log).toHaveLength(1)

    api.behave(answer(200, '{"error":{"code":102,"message":"unknown channel"}}'))
    expect(await publish('nowhere:x', payload)).toBe(false)
    expect(log).toHaveLength(2)

    api.behave(answer(500))
    vi.advanceTimersByTime(59_999)
    expect(await publish('sandbox:demo', payload)).toBe(false)
    expect(log).toHaveLength(2)
    vi.advanceTimersByTime(1)
    expect(await publish('sandbox:demo', payload)).toBe(false)
    expect(log).toHaveLength(3)
    expect(log[2]?.fields).toEqual({ channel: 'sandbox:demo', reason: 'status', status: 500, suppressed: 5 })
  })

  test('goes to console.warn unless a logger is set', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    setRealtimeLogger(undefined)
    api.behave(answer(503))
    expect(await publish('sandbox:demo', payload)).toBe(false)
    expect(warn).toHaveBeenCalledExactlyOnceWith('[realtime] publish: the server answered HTTP 503', {
      channel: 'sandbox:demo',
      reason: 'status',
      status: 503,
    })
  })

  test('a logger that throws harms nobody', async () => {
    setRealtimeLogger({
      warn() {
        throw new Error('full disk')
      },
    })
    api.behave(answer(500))
    expect(await publish('sandbox:demo', payload)).toBe(false)
    expect(await broadcast(['sandbox:demo'], payload, { retries: 0 })).toBe(false)
  })
})

describe('broadcast', () => {
  const channels = ['personal:1', 'personal:2']
  const ok = answer(200, '{"result":{"responses":[{"result":{}},{"result":{}}]}}')

  function bodies(): Record<string, unknown>[] {
    return api.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>)
  }

  test('posts channels, data and the idempotency key, in transport error mode', async () => {
    api.behave(ok)
    expect(await broadcast(channels, payload, { idempotencyKey: 'message_7' })).toBe(true)
    expect(api.requests).toHaveLength(1)
    expect(api.requests[0]).toMatchObject({ verb: 'POST', path: '/api/broadcast' })
    expect(api.requests[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-api-key': apiKey,
      'x-centrifugo-error-mode': 'transport',
    })
    expect(bodies()).toEqual([{ channels, data: payload, idempotency_key: 'message_7' }])
    expect(log).toEqual([])
  })

  test('passes its other options on', async () => {
    const options = { skipHistory: true, tags: { a: 'b' }, version: 3, versionEpoch: 'v' }
    expect(await broadcast(channels, payload, { idempotencyKey: 'k', ...options })).toBe(true)
    expect(bodies()).toEqual([
      {
        channels,
        data: payload,
        idempotency_key: 'k',
        skip_history: true,
        tags: { a: 'b' },
        version: 3,
        version_epoch: 'v',
      },
    ])
  })

  test('makes a key per call, which its own retry repeats', async () => {
    api.behave(answer(503), ok)
    expect(await broadcast(channels, payload, retry)).toBe(true)
    expect(await broadcast(channels, payload, { ...retry, idempotencyKey: '' })).toBe(true)
    const keys = bodies().map((body) => body['idempotency_key'])
    expect(keys).toHaveLength(3)
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(keys[1]).toBe(keys[0])
    expect(keys[2]).toMatch(/^[0-9a-f-]{36}$/)
    expect(keys[2]).not.toBe(keys[0])
  })

  test.each([
    ['500', answer(500)],
    ['500 with a code', answer(500, '{"code":100,"message":"internal server error"}')],
    ['502', answer(502)],
    ['503', answer(503)],
    ['504', answer(504)],
    ['a reset', reset],
    ['a connection that breaks off', breakOff],
  ] satisfies [string, ApiBehaviour][])('tries again once after %s', async (_name, behaviour) => {
    api.behave(behaviour, ok)
    expect(await broadcast(channels, payload, retry)).toBe(true)
    expect(api.requests).toHaveLength(2)
    expect(log).toEqual([])

    api.requests.length = 0
    api.behave(behaviour)
    expect(await broadcast(channels, payload, retry)).toBe(false)
    expect(api.requests).toHaveLength(2)
    expect(log).toHaveLength(1)
  })

  test('each attempt has its own 5 seconds', async () => {
    // Long enough that both requests reach the server on a busy machine.
    const limits = shortLimits(500)
    api.behave(hang)
    expect(await broadcast(channels, payload, retry)).toBe(false)
    expect(api.requests).toHaveLength(2)
    expect(limits).toEqual([5000, 5000])
    expect(log).toMatchObject([{ fields: { reason: 'timeout', channels: 2 } }])
  })

  test('logs the last failure, not the first', async () => {
    api.behave(answer(503), answer(504))
    expect(await broadcast(channels, payload, retry)).toBe(false)
    expect(log).toMatchObject([{ fields: { reason: 'status', status: 504 } }])
  })

  test('waits about a second before it tries again', async () => {
    const start = performance.now()
    api.behave(answer(503), ok)
    expect(await broadcast(channels, payload)).toBe(true)
    expect(performance.now() - start).toBeGreaterThan(990)
    expect(api.requests).toHaveLength(2)
  })

  test.each(['nonsense', '/api', 'localhost:8000/api', 'ftp://host/api', 'http://user:canary@host/api'])(
    'CENTRIFUGO_API_URL=%s gives false at once, and its name in the log',
    async (url) => {
      configure(url)
      const pause = vi.spyOn(globalThis, 'setTimeout')
      expect(await broadcast(channels, payload)).toBe(false)
      expect(await publish('sandbox:demo', payload)).toBe(false)
      expect(pause).not.toHaveBeenCalledWith(expect.anything(), 1000)
      const sentence = 'CENTRIFUGO_API_URL must be an http: or https: URL without user and password'
      expect(log).toEqual([
        { fields: { channels: 2, reason: 'misconfigured' }, message: `[realtime] broadcast: ${sentence}` },
        { fields: { channel: 'sandbox:demo', reason: 'misconfigured' }, message: `[realtime] publish: ${sentence}` },
      ])
    },
  )

  test.each([
    ['HTTP 400', answer(400, '{"code":107,"message":"bad request"}')],
    ['HTTP 401', answer(401)],
    ['HTTP 404', answer(404, '{"code":102,"message":"unknown channel"}')],
    ['an error in a 200', answer(200, '{"error":{"code":107,"message":"bad request"}}')],
    ['a page instead of JSON', answer(200, '<html>')],
  ] satisfies [string, ApiBehaviour][])('does not try again after %s', async (_name, behaviour) => {
    api.behave(behaviour)
    expect(await broadcast(channels, payload, retry)).toBe(false)
    expect(api.requests).toHaveLength(1)
    expect(log).toHaveLength(1)
  })

  test('can be told how often to try', async () => {
    api.behave(answer(503))
    expect(await broadcast(channels, payload, { ...retry, retries: 0 })).toBe(false)
    expect(api.requests).toHaveLength(1)
    expect(await broadcast(channels, payload, { ...retry, retries: 3 })).toBe(false)
    expect(api.requests).toHaveLength(5)
  })

  test('an error of any one channel gives false, without another attempt', async () => {
    api.behave(
      answer(200, '{"result":{"responses":[{"result":{}},{"error":{"code":102,"message":"unknown channel"}}]}}'),
    )
    expect(await broadcast(channels, payload, retry)).toBe(false)
    expect(api.requests).toHaveLength(1)
    expect(log).toMatchObject([{ fields: { reason: 'rejected', code: 102, channels: 2 } }])
    expect(log[0]?.message).toContain('1 of 2 channels')
  })

  test('a 2xx answer with an empty body gives true', async () => {
    api.behave(answer(200))
    expect(await broadcast(channels, payload)).toBe(true)
  })

  test.each(unserialisable)('%s as data gives false without a request', async (_name, data) => {
    expect(await broadcast(channels, data)).toBe(false)
    expect(api.requests).toEqual([])
    expect(log).toMatchObject([{ fields: { reason: 'unserialisable' } }])
  })

  test('never throws, whatever it is called with', async () => {
    expect(await broadcast(undefined as unknown as string[], payload)).toBe(false)
    expect(await broadcast(channels, payload, null as unknown as object)).toBe(false)
    expect(await publish(undefined as unknown as string, payload)).toBe(true)
  })
})

describe('over a hub in this process', () => {
  beforeEach(() => setEnvironment())

  test('publish and broadcast call it, without a request', async () => {
    const fetchSpy = vi.spyOn(globalThis, 'fetch')
    const hub = occupyWithFakeHub()
    ;({ vacate } = hub)
    expect(await publish('sandbox:demo', payload)).toBe(true)
    expect(await broadcast(['a', 'b'], payload, { idempotencyKey: 'k' })).toBe(true)
    expect(hub.calls).toEqual([
      { method: 'publish', request: { channel: 'sandbox:demo', data: payload } },
      { method: 'broadcast', request: { channels: ['a', 'b'], data: payload, idempotency_key: 'k' } },
    ])
    expect(fetchSpy).not.toHaveBeenCalled()
  })

  test('the call has started when publish returns, so that publishes keep their order', async () => {
    const hub = occupyWithFakeHub()
    ;({ vacate } = hub)
    const first = publish('sandbox:demo', 1)
    const second = publish('sandbox:demo', 2)
    expect(hub.calls.map(({ request }) => (request as { data: unknown }).data)).toEqual([1, 2])
    expect(await Promise.all([first, second])).toEqual([true, true])
  })

  test.each([
    ['an error', () => ({ error: { code: 102, message: 'unknown channel' } }), 'rejected'],
    [
      'a throw',
      () => {
        throw new Error('canary')
      },
      'internal',
    ],
    ['a rejection', () => Promise.reject(new Error('canary')), 'internal'],
  ])('%s of the hub gives false', async (_name, behaviour, reason) => {
    ;({ vacate } = occupyWithFakeHub(behaviour))
    expect(await publish('sandbox:demo', payload)).toBe(false)
    expect(await broadcast(['sandbox:demo'], payload, retry)).toBe(false)
    expect(log.map(({ fields }) => fields['reason'])).toEqual([reason, reason])
  })

  test("Centrifugo's variables win over it", async () => {
    const hub = occupyWithFakeHub()
    ;({ vacate } = hub)
    configure(api.url)
    expect(await publish('sandbox:demo', payload)).toBe(true)
    expect(hub.calls).toEqual([])
    expect(api.requests).toHaveLength(1)
  })
})
