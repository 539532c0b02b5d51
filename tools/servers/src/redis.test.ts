import { connect } from 'node:net'
import { once } from 'node:events'

import { describe, expect, test } from 'vitest'

import { startRedis } from './redis.ts'
import { requireServices } from './require-services.ts'

describe('startRedis', await requireServices('redis'), () => {
  test('answers on its port, and no longer once it is stopped', async () => {
    const server = await startRedis()
    const socket = connect({ port: server.port, host: '127.0.0.1' })
    socket.write('SET greeting hello\r\nGET greeting\r\n')
    let answer = ''
    while (!answer.endsWith('hello\r\n')) answer += String((await once(socket, 'data'))[0])
    expect(answer).toBe('+OK\r\n$5\r\nhello\r\n')
    const closed = once(socket, 'close')
    await server.stop()
    await closed
    expect(server.pid).toBeUndefined()
  })
})
