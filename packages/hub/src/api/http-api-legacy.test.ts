import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { answerApiCall } from './http-api.ts'
import { createTestHub, type TestHub } from '../testing/index.ts'

let hub: TestHub

beforeEach(() => {
  hub = createTestHub()
})

afterEach(() => hub.close())

/** Status, content type and body of `POST /api`; the epoch of the only stream replaced. */
async function answerTo(body: string): Promise<string> {
  const request = { method: '', query: '', header: () => undefined }
  const { status, contentType, body: text } = await answerApiCall(hub.core, request, body)
  return `${status} ${contentType ?? '-'} ${text.replaceAll(/"epoch":"[A-Za-z]+"/g, '"epoch":"E"')}`
}

const ok = (...lines: string[]): string => `200 application/json ${lines.join('\n')}`
const badRequest = '400 text/plain; charset=utf-8 Bad Request\n'
const error107 = '{"error":{"code":107,"message":"bad request"}}'
const error104 = '{"error":{"code":104,"message":"not found"}}'

// Every answer is that of Centrifugo v6.
test.each<[string, string]>([
  ['{"method":"publish","params":{"channel":"open:a","data":{}}}', ok('{"result":{}}')],
  [
    '{"id":5,"method":"publish","params":{"channel":"kept:a","data":{}}}',
    ok('{"id":5,"result":{"offset":1,"epoch":"E"}}'),
  ],
  [
    '{"id":5,"method":"publish","params":{"channel":"nowhere:a","data":{}}}',
    ok('{"id":5,"error":{"code":102,"message":"unknown channel"}}'),
  ],
  ['{"method":"PUBLISH","params":{"channel":"open:a","data":{}}}', ok('{"result":{}}')],
  ['{"method":0,"params":{"channel":"open:a","data":{}}}', ok('{"result":{}}')],
  ['{"params":{"channel":"open:a","data":{}}}', ok('{"result":{}}')],
  ['{"method":8,"params":{}}', ok('{"result":{"channels":{}}}')],
  ['{"method":"channels","params":null}', ok('{"result":{"channels":{}}}')],
  ['{"method":"channels"}', ok(error107)],
  ['{"method":"channels","params":[]}', ok(error107)],
  ['{"method":"publish","params":{"channel":5}}', ok(error107)],
  ['{"method":"map_stats","params":{"channel":"open:a"}}', ok(error107)],
  ['{"method":"connections","params":{}}', ok(error104)],
  ['{"method":13}', ok(error104)],
  ['{"method":-1}', ok(error104)],
  ['{}', ok(error107)],
  ['null', ok(error107)],
  [' \n', ok('')],
  ['', badRequest],
  ['[]', badRequest],
  ['5', badRequest],
  ['{"method":"dance"}', badRequest],
  ['{"method":"batch","params":{}}', badRequest],
  ['{"method":"13"}', badRequest],
  ['{"method":""}', badRequest],
  ['{"method":null}', badRequest],
  ['{"method":true}', badRequest],
  ['{"method":1.5}', badRequest],
  ['{"id":-1,"method":"channels","params":{}}', badRequest],
  ['{"id":"1","method":"channels","params":{}}', badRequest],
  ['{"method":"channels","params":{}', badRequest],
  ['{"method":"channels","params":"', badRequest],
  ['}', badRequest],
  ['nulls', badRequest],
])('%s', async (body, answer) => {
  expect(await answerTo(body)).toBe(answer)
})

describe('many commands', () => {
  const publish = (n: number): string => `{"id":${n},"method":"publish","params":{"channel":"kept:a","data":${n}}}`
  const published = (n: number): string => `{"id":${n},"result":{"offset":${n},"epoch":"E"}}`

  test.each(['\n', '', ' \r\n\t'])('with %j between them are answered line by line', async (between) => {
    expect(await answerTo([1, 2, 3].map(publish).join(between) + between)).toBe(ok(...[1, 2, 3].map(published)))
  })

  test('brackets and quotes in texts end nothing', async () => {
    const body = '{"method":"publish","params":{"channel":"kept:a","data":"}]\\"{\\\\"}}'
    expect(await answerTo(body + body)).toBe(
      ok('{"result":{"offset":1,"epoch":"E"}}', '{"result":{"offset":2,"epoch":"E"}}'),
    )
  })

  test('what stands before a broken one has happened', async () => {
    expect(await answerTo(`${publish(1)}\n{"method":"dance"}\n${publish(2)}`)).toBe(badRequest)
    expect(await answerTo('{"method":"history","params":{"channel":"kept:a"}}')).toBe(
      ok('{"result":{"publications":[],"epoch":"E","offset":1}}'),
    )
  })

  test('info needs no params', async () => {
    expect(await answerTo('{"method":"info"}')).toContain('{"result":{"nodes":[{"uid":')
  })
})
