import { afterEach, expect, test, vi } from 'vitest'
import { createConnection, subscribe } from './index.ts'

afterEach(() => vi.unstubAllGlobals())

const open = (url: unknown) => subscribe({ url: url as string, token: 'x', channel: 'a' })

test.each([
  ['http://host/', '"http://host/"'],
  ['https://app.test/connection/websocket', '"https://app.test/connection/websocket"'],
  ['/connection/websocket', '"/connection/websocket"'],
  ['nonsense', '"nonsense"'],
  ['ws:host', '"ws:host"'],
  ['ws://', '"ws://"'],
  ['', '""'],
  [undefined, 'undefined'],
  [null, 'null'],
  [42, 'number'],
  [new URL('ws://host/'), 'object'],
])('%o as url throws at once', (url, got) => {
  const error = new TypeError(`url must be a ws: or wss: URL, got ${got}`)
  expect(() => open(url)).toThrow(error)
  expect(() => createConnection({ url: url as string })).toThrow(error)
})

test.each([
  ['http://host/path?token=secret', '"http://host/path"'],
  ['host?token=secret', '"host"'],
  ['http://host/#secret', '"http://host/"'],
  ['http://user:secret@host/', '"http://host/"'],
  ['user:secret@host', '"host"'],
])('%s is told without its secret', (url, got) => {
  expect(() => open(url)).toThrow(new TypeError(`url must be a ws: or wss: URL, got ${got}`))
})

test.each(['ws://host/', 'wss://host/connection/websocket?x=1', 'WSS://host'])('%s is taken', (url) => {
  open(url).close()
})

test('a connect that throws is reported, and ends connection and subscription', async () => {
  // As in a Node without one; the client looks for it as it connects.
  vi.stubGlobal('WebSocket', undefined)
  const told: unknown[] = []
  const handle = subscribe({
    url: 'ws://127.0.0.1:1/',
    token: 'x',
    channel: 'a',
    onError: ({ stage, message, error }) => told.push([stage, message !== '', error instanceof Error]),
    onConnection: ({ state, code, reason }) => told.push([state, code, reason]),
    onSubscription: ({ state, code, reason }) => told.push([state, code, reason]),
  })
  expect(told).toEqual([])
  await Promise.resolve()
  expect(told).toEqual([
    ['connect', true, true],
    ['disconnected', 0, 'connect failed'],
    ['unsubscribed', 0, 'connect failed'],
  ])
  expect(handle.connection).toMatchObject({ state: 'disconnected', connected: false })
  handle.close()
  expect(told).toHaveLength(3)
})
