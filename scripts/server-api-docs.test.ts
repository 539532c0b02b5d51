/** The curl examples of docs/server-api.md, run in their order against a hub: each prints what the page says. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'

import { createHub } from '@backchannel/hub'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { codeBlocks } from './docs/markdown.ts'

const blocks = codeBlocks(readFileSync(`${import.meta.dirname}/../docs/server-api.md`, 'utf8'))
const examples = blocks.flatMap((block, index) =>
  block.flags.includes('curl') ? [[`line ${block.line}`, block.code, blocks[index + 1]] as const] : [],
)
const key = 'an-api-key'
const history = { history_size: 10, history_ttl: '60s' }
const hub = createHub({
  register: false,
  config: { http_api: { key }, channel: { namespaces: [{ name: 'sandbox', presence: true, ...history }] } },
})
const server = createServer()

beforeAll(async () => {
  hub.attach(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(async () => {
  await hub.close()
  server.close()
  server.closeAllConnections()
})

describe('curl', () => {
  test('has examples', () => {
    expect(examples.length).toBeGreaterThan(7)
  })

  test.each(examples)('%s', async (_name, code, output) => {
    expect(output?.flags).toEqual(['output'])
    const origin = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const { stdout } = await promisify(execFile)('sh', ['-c', code.replaceAll('localhost:8000', origin)], {
      env: { PATH: process.env['PATH'], CENTRIFUGO_API_KEY: key },
      timeout: 10_000,
    })
    // The epoch is another one each time; everywhere else it is what it says.
    const plain = (text: string): string => text.trim().replaceAll(/"epoch":"[A-Za-z]+"/g, '"epoch":"…"')
    expect(plain(stdout)).toBe(plain(output?.code ?? ''))
  })
})
