import { afterEach, describe, expect, expectTypeOf, test, vi } from 'vitest'
import { pretendBrowser } from '../../testing/browser-globals.ts'
import { connectEvents } from './connect-events.ts'
import type { ConnectEventsOptions, EventMeta } from './types.ts'

describe('on a server', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  test('importing touches no browser global', async () => {
    const touched: string[] = []
    for (const name of [
      'window',
      'document',
      'location',
      'EventSource',
      'WebSocket',
      'addEventListener',
      'navigator',
    ]) {
      vi.stubGlobal(name, undefined)
      Object.defineProperty(globalThis, name, {
        configurable: true,
        get() {
          touched.push(name)
          return undefined
        },
        set() {},
      })
    }
    vi.resetModules()
    await import('./connect-events.ts')
    expect(touched).toEqual([])
  })

  test('calling says where it belongs, with Node’s own WebSocket, too', () => {
    const opened = vi.fn<() => void>()
    vi.stubGlobal('WebSocket', opened)
    for (const driver of ['sse', 'websocket'] as const) {
      expect(() => connectEvents('http://127.0.0.1:1/', { driver })).toThrow(/this is no browser.*in an effect/)
    }
    expect(opened).not.toHaveBeenCalled()
  })
})

describe('in a browser', () => {
  pretendBrowser()

  test('a browser without the driver’s API is told so', () => {
    vi.stubGlobal('EventSource', undefined)
    expect(() => connectEvents('http://127.0.0.1:1/')).toThrow('there is no EventSource here')
  })

  const wrong: [string, string, ConnectEventsOptions, RegExp][] = [
    [
      'a driver that there is not',
      'http://127.0.0.1:1/',
      { driver: 'ws' as 'sse' },
      /driver is 'sse' or 'websocket', not "ws"/,
    ],
    ['a WebSocket URL with SSE', 'ws://127.0.0.1:1/', {}, /http or https/],
    ['a file', 'file:///etc/hosts', { driver: 'websocket' }, /http, https, ws or wss/],
    ['no URL', 'http://', {}, /http or https/],
    ['a relative URL where there is no page', '/live', {}, /http or https/],
    ['a delay of nothing', 'http://127.0.0.1:1/', { minDelay: 0 }, /minDelay and maxDelay/],
    ['delays the wrong way round', 'http://127.0.0.1:1/', { minDelay: 10, maxDelay: 5 }, /minDelay and maxDelay/],
    ['a delay that is no number', 'http://127.0.0.1:1/', { minDelay: Number.NaN }, /minDelay and maxDelay/],
    ['a delay that no timer can wait', 'http://127.0.0.1:1/', { maxDelay: 2 ** 31 }, /minDelay and maxDelay/],
  ]
  test.each(wrong)('refuses %s', (_what, url, options, sentence) => {
    const opened = vi.fn<() => void>()
    vi.stubGlobal('EventSource', opened)
    vi.stubGlobal('WebSocket', opened)
    expect(() => connectEvents(url, options)).toThrow(sentence)
    expect(opened).not.toHaveBeenCalled()
  })

  test('a URL is not quoted: it may hold a token', () => {
    expect(() => connectEvents('ftp://127.0.0.1:1/?token=secret')).toThrow(expect.not.stringContaining('secret'))
  })

  test('with debug it tells on the console what happens', () => {
    const told = vi.spyOn(console, 'debug').mockImplementation(() => {})
    connectEvents('http://127.0.0.1:1/', { debug: true }).close()
    expect(told).toHaveBeenCalledWith('[realtime] state', 'closed')
    told.mockRestore()
  })
})

test('event names and payloads are those of the map', () => {
  interface Feed {
    order: { id: number }
    gone: null
  }
  // Checked by the compiler; nothing of it runs.
  const check = () => {
    const events = connectEvents<Feed>('/live')
    events.on('order', (data, meta) => {
      expectTypeOf(data).toEqualTypeOf<{ id: number }>()
      expectTypeOf(meta).toEqualTypeOf<EventMeta>()
    })
    events.on('gone', (data) => expectTypeOf(data).toBeNull())
    // @ts-expect-error -- no such event
    events.on('ordr', () => {})
    // @ts-expect-error -- another payload
    events.on('order', (data: string) => data)
    // @ts-expect-error -- no such driver
    connectEvents<Feed>('/live', { driver: 'ws' })
    connectEvents('/live').on('anything', (data) => expectTypeOf(data).toBeUnknown())
  }
  expect(check).toBeTypeOf('function')
})
