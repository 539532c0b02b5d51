import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest'
import { RealtimeError, serverApi, type BatchCommand, type BatchReply } from './index.ts'
import { answer, hang, reset, startApiServer, type ApiServer } from './testing/api-server.ts'
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
afterEach(() => vi.unstubAllEnvs())

async function failure(call: Promise<unknown>): Promise<RealtimeError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(RealtimeError)
  return error as RealtimeError
}

const sent = () => api.requests.map(({ path, body }) => [path, JSON.parse(body) as unknown])

test('a request goes out as it is, a result comes back as it is', async () => {
  const request = {
    channel: 'c',
    data: { a: 1 },
    b64data: 'e30=',
    skip_history: true,
    tags: { a: 'b' },
    idempotency_key: 'k',
    delta: true,
    version: 1,
    version_epoch: 'e',
  }
  api.behave(answer(200, '{"result":{"offset":4,"epoch":"abcd"}}'))
  const result = await serverApi().publish(request)
  expect(result).toEqual({ offset: 4, epoch: 'abcd' })
  expectTypeOf(result).toEqualTypeOf<{ offset?: number; epoch?: string }>()
  expect(sent()).toEqual([['/api/publish', request]])
})

test('every method is there, and those that need nothing take nothing', async () => {
  const { batch, ...methods } = serverApi()
  expect(Object.keys(methods)).toHaveLength(13)
  for (const call of [methods.info, methods.channels]) await call()
  expect(sent()).toEqual([
    ['/api/info', {}],
    ['/api/channels', {}],
  ])
  expect(batch).toBeTypeOf('function')
})

test('what the server answers as an error rejects with its code', async () => {
  api.behave(answer(200, '{"error":{"code":102,"message":"unknown channel"}}'))
  expect(await failure(serverApi().presence({ channel: 'c' }))).toMatchObject({ reason: 'rejected', code: 102 })
})

test('without an engine everything rejects, nothing throws', async () => {
  setEnvironment()
  const { batch, ...methods } = serverApi()
  for (const call of Object.values(methods)) {
    const promise = (call as (request: object) => Promise<unknown>)({})
    expect(await failure(promise)).toMatchObject({ reason: 'disabled' })
  }
  expect(await failure(batch([{ info: {} }]))).toMatchObject({ reason: 'disabled' })
})

describe('timeoutMs', () => {
  test('is the limit of a call to Centrifugo', async () => {
    api.behave(hang)
    const error = await failure(serverApi({ timeoutMs: 30 }).info())
    expect(error).toMatchObject({ reason: 'timeout', message: 'info: no answer within 30 ms' })
    expect(await failure(serverApi({ timeoutMs: 30 }).batch([]))).toMatchObject({ reason: 'timeout' })
  })

  test('and of one to a hub whose stores or handlers hang', async () => {
    setEnvironment()
    const { vacate } = occupyWithFakeHub(() => new Promise(() => {}))
    const error = await failure(serverApi({ timeoutMs: 30 }).rpc({ method: 'm' }))
    expect(error).toMatchObject({ reason: 'timeout', message: 'rpc: no answer within 30 ms' })
    expect(await failure(serverApi({ timeoutMs: 30 }).batch([]))).toMatchObject({ reason: 'timeout' })
    vacate()
  })

  test('a hub that answers later, but in time, leaves no timer', async () => {
    setEnvironment()
    const { vacate } = occupyWithFakeHub(() => Promise.resolve({ result: { num_clients: 1, num_users: 1 } }))
    vi.useFakeTimers()
    try {
      expect(await serverApi().presence_stats({ channel: 'c' })).toEqual({ num_clients: 1, num_users: 1 })
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
      vacate()
    }
  })
})

describe('retries', () => {
  const options = { retries: 2, retryDelayMs: 1 }
  const broken = answer(200, '{"error":{"code":100,"message":"internal server error"}}')

  test('are none unless they are asked for', async () => {
    api.behave(reset)
    expect(await failure(serverApi().info())).toMatchObject({ reason: 'network' })
    expect(api.requests).toHaveLength(1)
  })

  test.each([
    ['a broken connection', reset],
    ['HTTP 503', answer(503)],
    ['error 100', broken],
  ])('after %s a reading method is called again', async (_name, behaviour) => {
    api.behave(behaviour, behaviour, answer(200, '{"result":{"num_clients":1,"num_users":1}}'))
    expect(await serverApi(options).presence_stats({ channel: 'c' })).toMatchObject({ num_users: 1 })
    expect(api.requests).toHaveLength(3)
  })

  test('end with the last failure', async () => {
    api.behave(reset, reset, answer(503))
    expect(await failure(serverApi(options).info())).toMatchObject({ reason: 'status', status: 503 })
    expect(api.requests).toHaveLength(3)
  })

  test('what will not pass is not tried again', async () => {
    for (const behaviour of [answer(401), answer(200, 'no JSON'), answer(200, '{"error":{"code":108,"message":""}}')]) {
      api.requests.length = 0
      api.behave(behaviour)
      await failure(serverApi(options).info())
      expect(api.requests).toHaveLength(1)
    }
  })

  test('what would be done twice is not tried again', async () => {
    const calls = serverApi(options)
    for (const [call, attempts] of [
      [() => calls.publish({ channel: 'c', data: 1 }), 1],
      [() => calls.publish({ channel: 'c', data: 1, idempotency_key: '' }), 1],
      [() => calls.publish({ channel: 'c', data: 1, idempotency_key: 'k' }), 3],
      [() => calls.broadcast({ channels: ['c'], data: 1 }), 1],
      [() => calls.broadcast({ channels: ['c'], data: 1, idempotency_key: 'k' }), 3],
      [() => calls.subscribe({ user: 'u', channel: 'c' }), 1],
      [() => calls.rpc({ method: 'm' }), 1],
      [() => calls.batch([]), 1],
      [() => calls.disconnect({ user: 'u' }), 3],
    ] as const) {
      api.requests.length = 0
      api.behave(reset)
      await failure(call())
      expect(api.requests).toHaveLength(attempts)
    }
  })
})

describe('the types of a batch', () => {
  test('are those of its commands, one by one', async () => {
    api.behave(answer(200, '{"replies":[{"publish":{"offset":1,"epoch":"e"}},{"error":{"code":102,"message":"no"}}]}'))
    const [published, history] = await serverApi().batch([
      { publish: { channel: 'a', data: [1], tags: { a: 'b' } } },
      { history: { channel: 'nowhere:a', since: { offset: 1, epoch: 'e' } } },
    ])
    // An error or a result: whoever has looked for the one knows of the other.
    expectTypeOf(history.error?.code).toEqualTypeOf<number | undefined>()
    if (published.error === undefined) expectTypeOf(published.publish.offset).toEqualTypeOf<number | undefined>()
    // @ts-expect-error -- the first command was no history
    expect(published.history).toBeUndefined()
    expect([published, history]).toEqual([
      { publish: { offset: 1, epoch: 'e' } },
      { error: { code: 102, message: 'no' } },
    ])
  })

  test('of commands that are made at run time are those of any', async () => {
    api.behave(answer(200, '{"replies":[{"publish":{}}]}'))
    const commands: BatchCommand[] = [{ publish: { channel: 'a', data: 1 } }]
    const replies = await serverApi().batch(commands)
    expectTypeOf(replies).toEqualTypeOf<BatchReply[]>()
    expect(replies).toEqual([{ publish: {} }])
  })

  test('name no method that is none', async () => {
    api.behave(answer(200, '{"replies":[{"error":{"code":104,"message":"not found"}}]}'))
    // @ts-expect-error -- there is no such method
    expect(await serverApi().batch([{ dance: {} }])).toEqual([{ error: { code: 104, message: 'not found' } }])
  })
})
