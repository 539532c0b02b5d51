import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import type { Database } from '../../../server/database.ts'
import type { RealTimeEvent } from '../model.ts'
import { createDelivery } from './delivery.ts'
import { soon } from './testing/backend.ts'

afterEach(() => vi.unstubAllEnvs())

test('an engine that answers late makes nobody wait, hears each room in order, and has an end to what waits for it', async () => {
  const held: ServerResponse[] = []
  const heard: unknown[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      heard.push(JSON.parse(body))
      held.push(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  vi.stubEnv('CENTRIFUGO_TOKEN_HMAC_SECRET', 'secret')
  vi.stubEnv('CENTRIFUGO_API_KEY', 'key')
  vi.stubEnv('CENTRIFUGO_API_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`)
  const warned: string[] = []
  const log = { warn: (text: string) => warned.push(text), error: () => {} }
  // No change is made here, so no database is asked.
  const delivery = createDelivery({} as Database, 'commit', log as never, { maxWaiting: 3500 })
  const typing = (room: number, user: string): RealTimeEvent => ({
    type: 'typing',
    body: { user: { id: user, name: user }, room: { id: room } },
  })
  const usersHeard = () => heard.map((request) => (request as { data: RealTimeEvent }).data.body.room.id)

  delivery.mention(['a', 'b'], typing(1, 'first'))
  // Behind the first one it would be said too late.
  delivery.mention(['a', 'b'], typing(1, 'second'))
  delivery.mention(['a'], typing(2, 'elsewhere'))
  delivery.mention(['a'], typing(5, 'somewhere'))
  expect(warned).toEqual([])
  delivery.mention(['a'], typing(3, 'too many'))
  delivery.mention(['a'], typing(3, 'too many'))
  expect(warned).toEqual([expect.stringContaining('realtime is slower than what is written')])
  await soon(usersHeard).toEqual([1, 2, 5])
  const answerAll = () => held.splice(0).forEach((response) => response.end('{"result":{}}'))
  answerAll()
  await delivery.idle()

  // Whatever is larger than the limit is taken when nothing else waits.
  const many = Array.from({ length: 100 }, (_, index) => `u${index}`)
  delivery.mention(many, typing(4, 'large'))
  await soon(usersHeard).toEqual([1, 2, 5, 4])
  expect(heard.at(-1)).toMatchObject({ channels: expect.arrayContaining(['personal:u99']), skip_history: true })
  answerAll()
  await delivery.idle()
  expect(warned).toHaveLength(1)
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})
