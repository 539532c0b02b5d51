import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import * as realtime from './index.ts'
import { RealtimeError } from './index.ts'
import { answer, hang, startApiServer, type ApiServer } from './testing/api-server.ts'
import { recordLog, setEnvironment } from './testing/environment.ts'
import { occupyWithFakeHub } from './testing/fake-hub.ts'

let api: ApiServer

beforeAll(async () => {
  api = await startApiServer()
})
afterAll(() => api.stop())
beforeEach(() => {
  recordLog()
  setEnvironment({ CENTRIFUGO_TOKEN_HMAC_SECRET: 's', CENTRIFUGO_API_KEY: 'k', CENTRIFUGO_API_URL: api.url })
  api.requests.length = 0
  api.behave(answer(200, '{"result":{}}'))
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** What one call puts on the wire. */
async function wire(call: Promise<unknown>): Promise<{ path: string; body: unknown }> {
  await call
  const request = api.requests.at(-1)
  return { path: request?.path ?? '', body: JSON.parse(request?.body ?? 'null') }
}

const since = { offset: 3, epoch: 'abcd' }

describe('requests', () => {
  test.each([
    ['presence', () => realtime.presence('c'), { channel: 'c' }],
    ['presence_stats', () => realtime.presenceStats('c'), { channel: 'c' }],
    ['history', () => realtime.history('c'), { channel: 'c' }],
    [
      'history',
      () => realtime.history('c', { limit: 5, since, reverse: true }),
      { channel: 'c', limit: 5, since, reverse: true },
    ],
    ['history_remove', () => realtime.historyRemove('c'), { channel: 'c' }],
    ['channels', () => realtime.channels(), {}],
    ['channels', () => realtime.channels('personal:*'), { pattern: 'personal:*' }],
    ['info', () => realtime.info(), {}],
    ['subscribe', () => realtime.subscribe('42', 'c'), { user: '42', channel: 'c' }],
    [
      'subscribe',
      () =>
        realtime.subscribe('42', 'c', {
          client: 'x',
          session: 's',
          info: 1,
          data: 2,
          expireAt: 3,
          recoverSince: since,
          override: { presence: { value: true } },
        }),
      {
        user: '42',
        channel: 'c',
        client: 'x',
        session: 's',
        info: 1,
        data: 2,
        expire_at: 3,
        recover_since: since,
        override: { presence: { value: true } },
      },
    ],
    ['unsubscribe', () => realtime.unsubscribe('42', 'c'), { user: '42', channel: 'c' }],
    ['unsubscribe', () => realtime.unsubscribe('42', 'c', { client: 'x' }), { user: '42', channel: 'c', client: 'x' }],
    ['disconnect', () => realtime.disconnect('42'), { user: '42' }],
    [
      'disconnect',
      () => realtime.disconnect('42', { whitelist: ['x'], code: 4500, reason: 'signed out' }),
      { user: '42', whitelist: ['x'], disconnect: { code: 4500, reason: 'signed out' } },
    ],
    ['refresh', () => realtime.refresh('42'), { user: '42' }],
    [
      'refresh',
      () => realtime.refresh('42', { client: 'x', expired: false, expireAt: 9, info: 1 }),
      { user: '42', client: 'x', expired: false, expire_at: 9, info: 1 },
    ],
    ['rpc', () => realtime.rpc('m'), { method: 'm' }],
    ['rpc', () => realtime.rpc('m', { a: 1 }), { method: 'm', params: { a: 1 } }],
  ])('%s', async (method, call, body) => {
    expect(await wire(call())).toEqual({ path: `/api/${method}`, body })
    expect(api.requests[0]?.headers).toMatchObject({ 'x-api-key': 'k', 'content-type': 'application/json' })
    expect(api.requests[0]?.headers).not.toHaveProperty('x-centrifugo-error-mode')
  })

  test('batch', async () => {
    api.behave(answer(200, '{"replies":[{"publish":{}},{"presence":{}}]}'))
    const commands = [{ publish: { channel: 'c', data: 1 } }, { presence: { channel: 'c' } }]
    expect(await wire(realtime.batch(commands))).toEqual({ path: '/api/batch', body: { commands } })
    expect(await wire(realtime.batch(commands, { parallel: true }))).toEqual({
      path: '/api/batch',
      body: { commands, parallel: true },
    })
  })
})

describe('results', () => {
  test.each([
    [
      'presence',
      () => realtime.presence('c'),
      {
        presence: {
          id1: { user: '42', client: 'id1', conn_info: { a: 1 }, chan_info: 2 },
          id2: { user: '', client: 'id2' },
        },
      },
      { id1: { user: '42', client: 'id1', connInfo: { a: 1 }, chanInfo: 2 }, id2: { user: '', client: 'id2' } },
    ],
    [
      'presenceStats',
      () => realtime.presenceStats('c'),
      { num_clients: 3, num_users: 2 },
      { numClients: 3, numUsers: 2 },
    ],
    [
      'history',
      () => realtime.history('c'),
      {
        publications: [
          { data: { a: 1 }, offset: 4, tags: { t: 'u' }, info: { user: '42', client: 'x' } },
          { data: null },
        ],
        offset: 4,
        epoch: 'abcd',
      },
      {
        publications: [
          { data: { a: 1 }, offset: 4, tags: { t: 'u' }, info: { user: '42', client: 'x' } },
          { data: null, offset: 0 },
        ],
        offset: 4,
        epoch: 'abcd',
      },
    ],
    [
      'channels',
      () => realtime.channels(),
      { channels: { a: { num_clients: 2 }, b: {} } },
      { a: { numClients: 2 }, b: { numClients: 0 } },
    ],
    [
      'info',
      () => realtime.info(),
      {
        nodes: [
          {
            uid: 'u',
            name: 'n',
            version: '6',
            num_clients: 1,
            num_users: 2,
            num_subs: 3,
            num_channels: 4,
            uptime: 5,
            metrics: { interval: 60, items: { a: 1 } },
          },
          { uid: 'v', name: 'm', version: '6' },
        ],
      },
      {
        nodes: [
          {
            uid: 'u',
            name: 'n',
            version: '6',
            numClients: 1,
            numUsers: 2,
            numSubs: 3,
            numChannels: 4,
            uptime: 5,
            metrics: { interval: 60, items: { a: 1 } },
          },
          { uid: 'v', name: 'm', version: '6', numClients: 0, numUsers: 0, numSubs: 0, numChannels: 0, uptime: 0 },
        ],
      },
    ],
    ['rpc', () => realtime.rpc('m'), { data: { pong: true } }, { pong: true }],
    ['historyRemove', () => realtime.historyRemove('c'), {}, undefined],
  ])('%s', async (_name, call, result, expected) => {
    api.behave(answer(200, JSON.stringify({ result })))
    expect(await call()).toEqual(expected)
  })

  test('an empty result is empty, not undefined', async () => {
    expect(await realtime.presence('c')).toEqual({})
    expect(await realtime.presenceStats('c')).toEqual({ numClients: 0, numUsers: 0 })
    expect(await realtime.history('c')).toEqual({ publications: [], offset: 0, epoch: '' })
    expect(await realtime.channels()).toEqual({})
    expect(await realtime.info()).toEqual({ nodes: [] })
  })

  test("a batch tells each command's failure as a value", async () => {
    const replies = [{ publish: { offset: 1 } }, { error: { code: 108, message: 'not available' } }]
    api.behave(answer(200, JSON.stringify({ replies })))
    expect(await realtime.batch([{ publish: { channel: 'c', data: 1 } }, { presence: { channel: 'c' } }])).toEqual(
      replies,
    )
  })
})

describe('failures reject with a RealtimeError', () => {
  async function failure(call: Promise<unknown>): Promise<RealtimeError> {
    const error: unknown = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(RealtimeError)
    return error as RealtimeError
  }

  test("the server's error", async () => {
    api.behave(answer(200, '{"error":{"code":108,"message":"not available"}}'))
    expect(await failure(realtime.presence('c'))).toMatchObject({
      name: 'RealtimeError',
      reason: 'rejected',
      code: 108,
    })
    expect(await failure(realtime.batch([]))).toMatchObject({ reason: 'rejected', code: 108 })
  })

  test('a status, no answer, an unknown shape, data without a JSON form, nothing configured', async () => {
    api.behave(answer(401))
    expect(await failure(realtime.info())).toMatchObject({ reason: 'status', status: 401 })
    const timeout = AbortSignal.timeout.bind(AbortSignal)
    const limit = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(20))
    api.behave(hang)
    expect(await failure(realtime.info())).toMatchObject({ reason: 'timeout' })
    expect(limit).toHaveBeenCalledExactlyOnceWith(5000)
    limit.mockRestore()
    api.behave(answer(200, '{"result":{}}'))
    expect(await failure(realtime.batch([{ info: {} }]))).toMatchObject({ reason: 'malformed' })
    expect(await failure(realtime.rpc('m', 1n))).toMatchObject({ reason: 'unserialisable' })
    setEnvironment()
    expect(await failure(realtime.info())).toMatchObject({ reason: 'disabled' })
    expect(await failure(realtime.batch([]))).toMatchObject({ reason: 'disabled' })
  })

  test('of the hub too', async () => {
    setEnvironment()
    const { vacate } = occupyWithFakeHub(() => ({ error: { code: 104, message: 'method not found' } }))
    expect(await failure(realtime.rpc('m'))).toMatchObject({ reason: 'rejected', code: 104 })
    vacate()
  })
})
