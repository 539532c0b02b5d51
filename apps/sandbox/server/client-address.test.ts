import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { setClientAddress } from './client-address.ts'

test('what the client sent under the name is gone, in both forms of the headers', () => {
  const req = new IncomingMessage(new Socket())
  req.rawHeaders = ['Host', 'x-client-address', 'X-Client-Address', '6.6.6.6', 'x-client-address', '7.7.7.7']
  req.headers = { host: 'x-client-address', 'x-client-address': '6.6.6.6, 7.7.7.7' }
  setClientAddress(req, 'x-client-address', '127.0.0.1')
  expect(req.rawHeaders).toEqual(['Host', 'x-client-address', 'x-client-address', '127.0.0.1'])
  expect(req.headers).toEqual({ host: 'x-client-address', 'x-client-address': '127.0.0.1' })
})
