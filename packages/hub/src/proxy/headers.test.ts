import { expect, test } from 'vitest'
import { checkConfig } from '../config/config.ts'
import { proxyHeaders } from './headers.ts'

test('what belongs to one connection between two machines is passed on by nobody', () => {
  const names = ['Host', 'Connection', 'Content-Length', 'Transfer-Encoding', 'Upgrade', 'Expect', 'X-Own']
  const values = new Map(names.map((name) => [name.toLowerCase(), 'x']))
  const [proxy] = checkConfig({
    proxies: [
      {
        name: 'app',
        endpoint: 'http://127.0.0.1:1',
        http_headers: names,
        emulated_headers: names,
        http: { static_headers: Object.fromEntries(values) },
      },
    ],
  }).proxies
  if (!proxy) throw new Error('There is a proxy')
  const headers = proxyHeaders(proxy, { handshake: values, emulated: values })
  expect(Array.from(headers)).toEqual([
    ['content-type', 'application/json'],
    ['x-own', 'x'],
  ])
})
