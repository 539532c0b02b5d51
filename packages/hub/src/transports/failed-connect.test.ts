// What a unidirectional connection is told when its connect fails, where the configuration has a say in it.
import { afterEach, describe, expect, test } from 'vitest'
import { replyError } from '@backchannel/protocol'
import type { HubOptions } from '../options.ts'
import { poll } from '../testing/poll.ts'
import { serveHub, type ServedHub } from '../testing/served-hub.ts'
import { StreamClient } from '../testing/stream-client.ts'

let served: ServedHub

afterEach(() => served.close())

const onConnect: NonNullable<HubOptions['handlers']>['onConnect'] = ({ name }) => {
  if (name === 'thrown') throw new Error('thrown on purpose')
  if (name === 'late') return Promise.reject(replyError('tooManyRequests'))
  return name === 'guest' ? { user: 'guest' } : undefined
}

const streams = ['uni_http_stream', 'uni_sse'] as const

async function answerTo(name: (typeof streams)[number], request: object): Promise<StreamClient> {
  const client = new StreamClient(`${served.origin}/connection/${name}`, { body: JSON.stringify(request) })
  await poll(() => client.closed).toBe(true)
  return client
}

describe.each(streams)('%s: connect_code_to_http_response', (name) => {
  const to = (status_code: number, body?: string): object => ({ status_code, ...(body === undefined ? {} : { body }) })
  const serve = async (): Promise<void> => {
    const connect_code_to_http_response = {
      enabled: true,
      transforms: [
        { code: 109, to: to(401) },
        { code: 3500, to: to(403, 'go away') },
        { code: 111, to: to(429) },
      ] as { code: number; to: { status_code: number; body?: string } }[],
    }
    served = await serveHub({
      handlers: { onConnect },
      config: { [name]: { enabled: true, connect_code_to_http_response } },
    })
  }

  test('a failed connect is an answer of its own, by the code of the error or the disconnect', async () => {
    await serve()
    const expired = served.token('alice', { exp: 1000 })
    const cases: [object, number, string][] = [
      [{ token: expired }, 401, 'token expired'],
      [{ token: 'x' }, 403, 'go away'],
      [{ name: 'late' }, 429, 'too many requests'],
      // Not listed.
      [{}, 500, 'Internal Server Error'],
      [{ name: 'thrown' }, 500, 'Internal Server Error'],
    ]
    for (const [request, status, body] of cases) {
      const client = await answerTo(name, request)
      expect([client.status, client.text], JSON.stringify(request)).toEqual([status, body])
    }
    expect(served.hub.gauges()).toMatchObject({ sessions: 0, sockets: 0 })
  })

  test('one that succeeds is a stream as ever', async () => {
    await serve()
    const client = new StreamClient(`${served.origin}/connection/${name}`, { body: '{"name":"guest"}' })
    await poll(() => client.messages.length).toBe(1)
    expect(client.status).toBe(200)
    expect(client.headers['x-accel-buffering']).toBe('no')
    expect(client.text.startsWith('\r\ndata: ')).toBe(name === 'uni_sse')
    client.abort()
  })
})

test('an answer that comes when the connection was closed already changes nothing', async () => {
  const rejections: unknown[] = []
  const note = (error: unknown): void => void rejections.push(error)
  process.on('unhandledRejection', note)
  const answer = Promise.withResolvers<undefined>()
  served = await serveHub({
    handlers: { onConnect: () => answer.promise },
    config: {
      uni_sse: { enabled: true, connect_code_to_http_response: { enabled: true } },
      client: { token: { hmac_secret_key: 'test-token-key' }, stale_close_delay: '100ms' },
    },
  })
  try {
    const client = await answerTo('uni_sse', {})
    expect(client.messages).toEqual([{ disconnect: { code: 3502, reason: 'stale' } }])
    answer.reject(replyError('permissionDenied'))
    // Node tells of a rejection once the tick's promises are through.
    await new Promise((resolve) => setImmediate(resolve))
    expect(rejections).toEqual([])
  } finally {
    process.off('unhandledRejection', note)
  }
})

test('connect_code_to_unidirectional_disconnect names the code and the reason', async () => {
  served = await serveHub({
    handlers: { onConnect },
    config: {
      uni_sse: { enabled: true },
      client: {
        token: { hmac_secret_key: 'test-token-key' },
        connect_code_to_unidirectional_disconnect: {
          enabled: true,
          transforms: [{ code: 109, to: { code: 4501, reason: 'log in again' } }],
        },
      },
    },
  })
  const told = async (request: object): Promise<unknown> => (await answerTo('uni_sse', request)).messages
  const expired = { token: served.token('alice', { exp: 1000 }) }
  expect(await told(expired)).toEqual([{ disconnect: { code: 4501, reason: 'log in again' } }])
  expect(await told({ name: 'late' })).toEqual([{ disconnect: { code: 3013, reason: 'too many requests' } }])
  expect(await told({ name: 'thrown' })).toEqual([{ disconnect: { code: 3004, reason: 'internal server error' } }])
  // What is a disconnect already stays what it is.
  expect(await told({ token: 'x' })).toEqual([{ disconnect: { code: 3500, reason: 'invalid token' } }])
})
