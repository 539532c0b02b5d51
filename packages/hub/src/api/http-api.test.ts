import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { checkConfig, type HubConfig } from '../config/config.ts'
import type { HubHandlers } from '../handlers.ts'
import { answerApiCall, apiMethodOf, guardApi, isApiPath } from './http-api.ts'
import type { ApiHttpAnswer } from './http-api-outcome.ts'
import { createTestHub, delayedBroker, MemoryBroker, TestClock, type TestHub } from '../testing/index.ts'

let hub: TestHub

beforeEach(() => {
  hub = createTestHub()
})

afterEach(() => hub.close())

function useHub(options: Parameters<typeof createTestHub>[0]): void {
  hub.close()
  hub = createTestHub(options)
}

type Headers = Readonly<Record<string, string>>

/** `POST /api/<method>` behind the key. */
async function post(method: string, body: string, headers: Headers = {}): Promise<ApiHttpAnswer> {
  return await answerApiCall(hub.core, { method, query: '', header: (name) => headers[name] }, body)
}

/** Status, content type and body in one line; the epoch of the only stream replaced. */
async function answerTo(method: string, body: string, headers: Headers = {}): Promise<string> {
  const { status, contentType, body: text } = await post(method, body, headers)
  return `${status} ${contentType ?? '-'} ${text.replaceAll(/"epoch":"[A-Za-z]+"/g, '"epoch":"E"')}`
}

const ok = (result: string): string => `200 application/json {"result":${result}}`
const error = (code: number, message: string): string =>
  `200 application/json {"error":{"code":${code},"message":"${message}"}}`
const badRequest = '400 text/plain; charset=utf-8 Bad Request\n'
const error107 = error(107, 'bad request')
const error102 = error(102, 'unknown channel')
const error108 = error(108, 'not available')

describe('paths', () => {
  const optionsOf = (api: HubConfig['http_api']) => checkConfig({ http_api: api }).http_api

  test('an empty prefix leaves the methods alone', () => {
    for (const prefix of ['', '/']) {
      const options = optionsOf({ handler_prefix: prefix })
      expect(['/publish', '/', '/api', ''].map((path) => apiMethodOf(options, path))).toEqual([
        'publish',
        '',
        undefined,
        undefined,
      ])
    }
  })

  const methods = [
    'publish',
    'broadcast',
    'subscribe',
    'unsubscribe',
    'disconnect',
    'refresh',
    'presence',
    'info',
    'rpc',
  ]

  test.each(methods.concat('presence_stats', 'history', 'history_remove', 'channels', 'batch'))(
    '%s is one',
    (method) => {
      expect(isApiPath(method)).toBe(true)
    },
  )

  test.each<[string, string | undefined]>([
    ['/api/publish', 'publish'],
    ['/api/batch', 'batch'],
    ['/api/map_stats', 'map_stats'],
    ['/api', ''],
    ['/api/', undefined],
    ['/api/dance', undefined],
    ['/apipublish', undefined],
    ['/publish', undefined],
    ['/', undefined],
  ])('%s names %j', (path, method) => {
    expect(apiMethodOf(optionsOf({}), path)).toBe(method)
    expect(apiMethodOf(optionsOf({ disabled: true }), path)).toBe(undefined)
    expect(apiMethodOf(optionsOf({ handler_prefix: '/own/way/' }), path.replace(/^\/api/, '/own/way'))).toBe(method)
  })

  test.each(['', 'dance', 'Publish', 'publish/', 'publish/more', '../publish', 'constructor', '__proto__', 'toString'])(
    '%j is none',
    (method) => {
      expect(isApiPath(method)).toBe(false)
    },
  )
})

describe('the key', () => {
  const guard = guardApi({ key: 'the key', insecure: false })
  const call = (headers: Headers, query = '', by = guard): unknown =>
    by({ method: 'publish', query, header: (name) => headers[name] })?.status ?? 'allowed'

  test.each<[string, Headers, string?]>([
    ['X-API-Key', { 'x-api-key': 'the key' }],
    ['the query', {}, 'api_key=the+key'],
    ['the query among others, escaped', {}, 'a=1&api_key=the%20key&b=2'],
    ['the query beside a wrong header', { 'x-api-key': 'wrong' }, 'api_key=the%20key'],
    ['the query beside an empty header', { 'x-api-key': '' }, 'api_key=the%20key'],
    ['the query beside another kind of authorization', { authorization: 'Bearer x' }, 'api_key=the%20key'],
  ])('in %s', (_name, headers, query) => {
    expect(call(headers, query)).toBe('allowed')
  })

  test.each<[string]>([['apikey key'], ['ApiKey key'], ['APIKEY  key'], [' apikey\tkey ']])(
    'as Authorization: %s',
    (authorization) => {
      const oneWord = guardApi({ key: 'key', insecure: false })
      expect(call({ authorization }, '', oneWord)).toBe('allowed')
      expect(call({ authorization, 'x-api-key': '' }, '', oneWord)).toBe('allowed')
      expect(call({ authorization, 'x-api-key': 'wrong' }, '', oneWord)).toBe(401)
    },
  )

  test.each<[string, Headers, string?]>([
    ['none', {}],
    ['an empty one', { 'x-api-key': '' }, 'api_key='],
    ['a shorter one', { 'x-api-key': 'the ke' }],
    ['a longer one', { 'x-api-key': 'the keys' }],
    ['one as long', { 'x-api-key': 'the kez' }],
    ['a very long one', { 'x-api-key': 'x'.repeat(100_000) }],
    ['another case', { 'x-api-key': 'The Key' }],
    ['spaces around', { 'x-api-key': ' the key ' }],
    ['beyond ASCII', { 'x-api-key': 'ключ' }],
    ['two of them', { 'x-api-key': 'the key, the key' }],
    ['as a bearer', { authorization: 'Bearer the key' }],
    ['without a scheme', { authorization: 'the key' }],
    ['the scheme alone', { authorization: 'apikey' }],
    ['more than two words', { authorization: 'apikey the key' }],
    ['a wrong one in the query', {}, 'api_key=wrong'],
    ['a right one behind a wrong one in the query', {}, 'api_key=wrong&api_key=the%20key'],
    ['another name in the query', {}, 'key=the%20key&API_KEY=the%20key'],
  ])('%s is 401, without a body', (_name, headers, query = '') => {
    expect(guard({ method: 'publish', query, header: (name) => headers[name] })).toStrictEqual({
      status: 401,
      body: '',
    })
  })

  test('with a word behind it is another text', () => {
    expect(call({ authorization: 'apikey key more' }, '', guardApi({ key: 'key', insecure: false }))).toBe(401)
  })

  test('is not asked for where the configuration says so', () => {
    expect(call({}, '', guardApi({ key: '', insecure: true }))).toBe('allowed')
    expect(call({ 'x-api-key': 'wrong' }, '', guardApi({ key: 'the key', insecure: true }))).toBe('allowed')
  })

  test.each([
    [{ origin: 'https://evil.example', host: 'localhost:8000' }, 403],
    [{ origin: 'http://localhost:5173', host: 'localhost:8000' }, 403],
    [{ origin: 'null', host: 'localhost:8000' }, 403],
    [{ origin: '', host: 'localhost:8000' }, 403],
    [{ origin: 'http://localhost:8000', host: 'localhost:8000' }, 'allowed'],
    [{ host: 'localhost:8000' }, 'allowed'],
  ])('is not asked for, but foreign pages are refused: %j', (headers: Headers, answer) => {
    expect(call(headers, '', guardApi({ key: '', insecure: true }))).toBe(answer)
    // With a key their requests count as any other's.
    expect(call({ ...headers, 'x-api-key': 'the key' })).toBe('allowed')
  })

  test('that is not configured opens nothing', () => {
    const closed = guardApi({ key: '', insecure: false })
    for (const headers of [{}, { 'x-api-key': '' }, { authorization: 'apikey ' }, { 'x-api-key': 'x' }] as Headers[]) {
      for (const query of ['', 'api_key=', 'api_key=x']) expect(call(headers, query, closed)).toBe(401)
    }
  })
})

describe('bodies', () => {
  test.each([
    '',
    ' ',
    '\n',
    '{',
    '{"channel":',
    '{"channel":"open:a","data":{}} x',
    '{"channel":"open:a","data":{}}{}',
    '[]',
    '"x"',
    '5',
    'true',
    '\ufeff{"channel":"open:a","data":{}}',
    "{'channel':'open:a'}",
    '{"channel":"open:a","data":{},}',
    '['.repeat(100_000),
  ])('%.40j is 400', async (body) => {
    expect(await answerTo('publish', body)).toBe(badRequest)
    expect(await answerTo('publish', body, { 'x-centrifugo-error-mode': 'transport' })).toBe(badRequest)
    expect(await answerTo('batch', body)).toBe(badRequest)
  })

  test('null is as good as an empty object', async () => {
    expect(await answerTo('publish', 'null')).toBe(error107)
    expect(await answerTo('info', ' null\n')).toMatch(/^200 application\/json \{"result":\{"nodes":\[\{"uid":/)
  })
})

describe('publish', () => {
  test.each<[string, string]>([
    ['{"channel":"open:a","data":{}}', ok('{}')],
    [' {"channel" : "open:a" , "data" : {} } \r\n', ok('{}')],
    ['{"channel":"closed:a","data":{}}', ok('{}')],
    ['{"channel":"a","data":{}}', ok('{}')],
    ['{"channel":"$open:a","data":{}}', ok('{}')],
    ['{"channel":"open:ä","data":{}}', ok('{}')],
    [`{"channel":"open:${'a'.repeat(251)}","data":{}}`, ok('{}')],
    ['{"channel":"open:a","data":null}', ok('{}')],
    ['{"channel":"open:a","data":""}', ok('{}')],
    ['{"channel":"open:a","data":0}', ok('{}')],
    ['{"channel":"open:a","data":false}', ok('{}')],
    ['{"channel":"open:a","data":{},"color":"red"}', ok('{}')],
    ['{"channel":"nowhere:a","channel":"open:a","data":{}}', ok('{}')],
    ['{"channel":"open:a","data":{},"tags":null,"idempotency_key":null,"skip_history":null,"version":null}', ok('{}')],
    ['{"channel":"open:a","data":{},"tags":{"a":"b","c":null},"delta":true}', ok('{}')],
    ['{"channel":"kept:a","data":{}}', ok('{"offset":1,"epoch":"E"}')],
    ['{"channel":"kept:a","data":{},"skip_history":true}', ok('{}')],
    ['{}', error107],
    ['{"data":{}}', error107],
    ['{"channel":"","data":{}}', error107],
    ['{"channel":null,"data":{}}', error107],
    ['{"channel":"open:a"}', error107],
    ['{"CHANNEL":"open:a","DATA":{}}', error107],
    ['{"channel":"open:a","b64data":""}', error107],
    ['{"channel":"open:a","b64data":"%"}', error107],
    ['{"channel":"open:a","b64data":"e30"}', error107],
    ['{"channel":"nowhere:a","data":{}}', error102],
    ['{"channel":"constructor:a","data":{}}', error102],
    ['{"channel":5,"data":{}}', badRequest],
    ['{"channel":["open:a"],"data":{}}', badRequest],
    ['{"channel":"open:a","data":{},"tags":"x"}', badRequest],
    ['{"channel":"open:a","data":{},"tags":{"a":1}}', badRequest],
    ['{"channel":"open:a","data":{},"idempotency_key":5}', badRequest],
    ['{"channel":"open:a","data":{},"skip_history":"yes"}', badRequest],
    ['{"channel":"open:a","data":{},"version":"1"}', badRequest],
    ['{"channel":"open:a","data":{},"version":-1}', badRequest],
    ['{"channel":"open:a","data":{},"version":1.5}', badRequest],
    ['{"channel":"open:a","data":{},"version_epoch":1}', badRequest],
    ['{"channel":"open:a","data":{},"delta":1}', badRequest],
    ['{"channel":"open:a","b64data":5}', badRequest],
  ])('%.90s', async (body, answer) => {
    expect(await answerTo('publish', body)).toBe(answer)
  })

  test.each([
    ['{ "a" : 1.0 }', '{ "a" : 1.0 }'],
    ['1E400', '1E400'],
    ['12345678901234567890', '12345678901234567890'],
    ['{"a":1,"a":2}', '{"a":1,"a":2}'],
    [String.raw`"\ud800"`, String.raw`"\ud800"`],
    ['{"__proto__":{"x":1}}', '{"__proto__":{"x":1}}'],
    // On one line, as all JSON is here.
    ['{\n\t"a": [\r\n1]\n}', '{\t"a": [1]}'],
    ['['.repeat(50_000) + ']'.repeat(50_000), '['.repeat(50_000) + ']'.repeat(50_000)],
  ])('data %.40j is published as the text that it was', async (data, published) => {
    expect(await answerTo('publish', `{"channel":"kept:a","data":0,"data":${data}}`)).toBe(
      ok('{"offset":1,"epoch":"E"}'),
    )
    const { body } = await post('history', '{"channel":"kept:a","limit":1}')
    expect(body.startsWith(`{"result":{"publications":[{"data":${published},"offset":1}]`)).toBe(true)
  })

  test('base64 wins over data; JSON in it is JSON, on one line', async () => {
    const base64 = Buffer.from('{\n"a":\n1}').toString('base64')
    await post('publish', `{"channel":"kept:a","b64data":"${base64}","data":{"b":2}}`)
    const { body } = await post('history', '{"channel":"kept:a","limit":1}')
    expect(body).toContain('"publications":[{"data":{"a":1},"offset":1}]')
  })

  test('base64 that holds no JSON closes subscribers who can’t take it (3506)', async () => {
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'open:a' } })
    hub.clock.tick()
    expect(await answerTo('publish', '{"channel":"open:a","b64data":"/w=="}')).toBe(ok('{}'))
    hub.clock.tick()
    expect(peer.closed).toEqual({ code: 3506, reason: 'inappropriate protocol' })
  })

  test('an idempotency key answers the first result again and publishes once', async () => {
    for (let times = 0; times < 2; times++) {
      expect(await answerTo('publish', '{"channel":"kept:a","data":1,"idempotency_key":"k"}')).toBe(
        ok('{"offset":1,"epoch":"E"}'),
      )
    }
    expect(await answerTo('history', '{"channel":"kept:a"}')).toBe(ok('{"publications":[],"epoch":"E","offset":1}'))
  })

  test('a version that is not newer is skipped', async () => {
    for (const [version, offset] of [
      [5, 1],
      [5, 1],
      [4, 1],
      [6, 2],
    ]) {
      expect(await answerTo('publish', `{"channel":"kept:a","data":1,"version":${version}}`)).toBe(
        ok(`{"offset":${offset},"epoch":"E"}`),
      )
    }
  })
})

describe('broadcast', () => {
  const responses = (...list: string[]): string => ok(`{"responses":[${list.join(',')}]}`)
  const published = '{"result":{}}'
  const failed = (code: number, message: string): string => `{"error":{"code":${code},"message":"${message}"}}`

  test.each<[string, string]>([
    ['{"channels":["open:a","open:b"],"data":{}}', responses(published, published)],
    ['{"channels":["open:a","","open:b"],"data":{}}', responses(published, failed(107, 'bad request'), published)],
    [
      '{"channels":["open:a","nowhere:b","kept:c"],"data":{}}',
      responses(published, failed(102, 'unknown channel'), '{"result":{"offset":1,"epoch":"E"}}'),
    ],
    ['{"channels":["nowhere:b"],"data":{}}', responses(failed(102, 'unknown channel'))],
    ['{"channels":["open:a",null],"data":{}}', responses(published, failed(107, 'bad request'))],
    ['{"channels":["open:a"]}', responses(failed(107, 'bad request'))],
    ['{}', error107],
    ['{"data":{}}', error107],
    ['{"channels":[],"data":{}}', error107],
    ['{"channels":null,"data":{}}', error107],
    ['{"channels":["open:a"],"b64data":"%"}', error107],
    ['{"channels":"open:a","data":{}}', badRequest],
    ['{"channels":[5],"data":{}}', badRequest],
    ['{"channels":{"0":"open:a"},"data":{}}', badRequest],
  ])('%s', async (body, answer) => {
    expect(await answerTo('broadcast', body)).toBe(answer)
  })

  test('an error of one channel is never the whole call’s, not in transport mode either', async () => {
    const transport = { 'x-centrifugo-error-mode': 'transport' }
    expect(await answerTo('broadcast', '{"channels":["nowhere:b"],"data":{}}', transport)).toBe(
      responses(failed(102, 'unknown channel')),
    )
    expect(await answerTo('broadcast', '{"channels":["open:a"]}', transport)).toBe(
      responses(failed(107, 'bad request')),
    )
  })
})

describe('history', () => {
  const all = '{"data":{"n":1},"offset":1},{"data":{"n":2},"offset":2},{"data":{"n":3},"offset":3}'
  const list = (publications: string): string => ok(`{"publications":[${publications}],"epoch":"E","offset":3}`)

  test.each<[string, string]>([
    ['{"channel":"kept:a","limit":-1}', list(all)],
    ['{"channel":"kept:a"}', list('')],
    ['{"channel":"kept:a","limit":2}', list('{"data":{"n":1},"offset":1},{"data":{"n":2},"offset":2}')],
    ['{"channel":"kept:a","limit":2,"reverse":true}', list('{"data":{"n":3},"offset":3},{"data":{"n":2},"offset":2}')],
    [
      '{"channel":"kept:a","limit":10,"since":{"offset":1}}',
      list('{"data":{"n":2},"offset":2},{"data":{"n":3},"offset":3}'),
    ],
    ['{"channel":"kept:a","limit":10,"since":null}', list(all)],
    ['{"channel":"kept:a","limit":10,"since":{"offset":1,"epoch":"other"}}', error(112, 'unrecoverable position')],
    ['{"channel":"kept:a","limit":10,"since":{"offset":0},"reverse":true}', error(100, 'internal server error')],
    ['{"channel":"open:a","limit":10}', error108],
    ['{}', error107],
    ['{"channel":"nowhere:a"}', error102],
    ['{"channel":"kept:a","limit":"1"}', badRequest],
    ['{"channel":"kept:a","limit":2147483648}', badRequest],
    ['{"channel":"kept:a","since":5}', badRequest],
    ['{"channel":"kept:a","since":{"offset":"1"}}', badRequest],
  ])('%s', async (body, answer) => {
    for (const n of [1, 2, 3]) await post('publish', `{"channel":"kept:a","data":{"n":${n}}}`)
    expect(await answerTo('history', body)).toBe(answer)
  })

  test('of a stream that nobody has used', async () => {
    expect(await answerTo('history', '{"channel":"kept:new","limit":10}')).toBe(
      ok('{"publications":[],"epoch":"E","offset":0}'),
    )
  })

  test('removed, the position stays', async () => {
    await post('publish', '{"channel":"kept:a","data":1}')
    expect(await answerTo('history_remove', '{"channel":"kept:a"}')).toBe(ok('{}'))
    expect(await answerTo('history', '{"channel":"kept:a","limit":-1}')).toBe(
      ok('{"publications":[],"epoch":"E","offset":1}'),
    )
    expect(await answerTo('history_remove', '{"channel":"open:a"}')).toBe(error108)
    expect(await answerTo('history_remove', '{}')).toBe(error107)
  })
})

describe('the others', () => {
  test.each<[string, string, string]>([
    ['presence', '{"channel":"open:a"}', error108],
    ['presence', '{}', error107],
    ['presence', '{"channel":"nowhere:a"}', error102],
    ['presence_stats', '{"channel":"open:a"}', error108],
    ['presence_stats', '{"channel":5}', badRequest],
    ['rpc', '{"method":"m"}', error(104, 'not found')],
    ['rpc', '{}', error107],
    ['rpc', '{"method":5}', badRequest],
    ['channels', '{"pattern":"nothing:*"}', ok('{"channels":{}}')],
    ['channels', '{"pattern":5}', badRequest],
    ['disconnect', '{"user":"nobody"}', ok('{}')],
    ['disconnect', '{}', ok('{}')],
    ['disconnect', '{"user":5}', badRequest],
    ['disconnect', '{"user":"a","whitelist":"x"}', badRequest],
    ['disconnect', '{"user":"a","disconnect":null}', ok('{}')],
    ['disconnect', '{"user":"a","disconnect":{"code":4000}}', ok('{}')],
    ['disconnect', '{"user":"a","disconnect":{"code":"4000"}}', badRequest],
    // Codes and reasons that no Close frame can carry.
    ['disconnect', '{"user":"a","disconnect":{"code":5,"reason":"x"}}', badRequest],
    ['disconnect', '{"user":"a","disconnect":{"code":1006,"reason":"x"}}', badRequest],
    ['disconnect', '{"user":"a","disconnect":{"code":5000,"reason":"x"}}', badRequest],
    ['disconnect', `{"user":"a","disconnect":{"code":4000,"reason":"${'x'.repeat(124)}"}}`, badRequest],
    ['unsubscribe', '{"user":"a"}', ok('{}')],
    ['unsubscribe', '{"user":"a","channel":"nowhere:a"}', error102],
    ['subscribe', '{"user":"nobody","channel":"open:a"}', ok('{}')],
    ['subscribe', '{"user":"a"}', error107],
    ['subscribe', '{"user":"a","channel":"nowhere:a"}', error102],
    ['subscribe', '{"user":"a","channel":"open:a","b64info":"%"}', error107],
    ['subscribe', '{"user":"a","channel":"open:a","expire_at":"x"}', badRequest],
    ['subscribe', '{"user":"a","channel":"open:a","recover_since":null,"override":null}', ok('{}')],
    ['subscribe', '{"user":"a","channel":"open:a","override":{"presence":null,"force_recovery":{}}}', ok('{}')],
    ['subscribe', '{"user":"a","channel":"open:a","override":{"presence":true}}', badRequest],
    ['refresh', '{"user":"nobody"}', ok('{}')],
    ['refresh', '{"user":"nobody","expired":"yes"}', badRequest],
  ])('%s %.80s', async (method, body, answer) => {
    expect(await answerTo(method, body)).toBe(answer)
  })
})

describe('transport mode', () => {
  const transport = { 'x-centrifugo-error-mode': 'transport' }

  test.each<[string, string, string]>([
    ['publish', '{"channel":"open:a"}', '400 application/json {"code":107,"message":"bad request"}'],
    ['publish', '{"channel":"nowhere:a","data":1}', '404 application/json {"code":102,"message":"unknown channel"}'],
    ['rpc', '{"method":"m"}', '404 application/json {"code":104,"message":"not found"}'],
    ['history', '{"channel":"open:a"}', '400 application/json {"code":108,"message":"not available"}'],
    [
      'history',
      '{"channel":"kept:a","since":{"epoch":"x"}}',
      '416 application/json {"code":112,"message":"unrecoverable position"}',
    ],
    [
      'history',
      '{"channel":"kept:a","limit":1,"since":{"offset":0},"reverse":true}',
      '500 application/json {"code":100,"message":"internal server error"}',
    ],
    ['publish', '{"channel":"open:a","data":1}', '200 application/json {"result":{}}'],
    ['publish', '{', badRequest],
    [
      'batch',
      '{"commands":[{"publish":{"channel":"nowhere:a","data":{}}}]}',
      '200 application/json {"replies":[{"error":{"code":102,"message":"unknown channel"}}]}',
    ],
  ])('%s %s', async (method, body, answer) => {
    expect(await answerTo(method, body, transport)).toBe(answer)
  })

  test('by configuration, too; another word in the header means nothing', async () => {
    expect(await answerTo('publish', '{"channel":"open:a"}', { 'x-centrifugo-error-mode': 'Transport' })).toBe(error107)
    const config: HubConfig = { http_api: { error_mode: 'transport' } }
    useHub({ config })
    expect(await answerTo('publish', '{"channel":"open:a"}')).toBe(
      '400 application/json {"code":107,"message":"bad request"}',
    )
  })
})

describe('batch', () => {
  test.each<[string, string]>([
    ['{}', '200 application/json {}'],
    ['{"commands":[]}', '200 application/json {}'],
    ['{"commands":null,"parallel":null}', '200 application/json {}'],
    [
      '{"commands":[{"publish":{"channel":"kept:a","data":{}}},{"publish":{"channel":"nowhere:a","data":{}}}]}',
      '200 application/json {"replies":[{"publish":{"offset":1,"epoch":"E"}},{"error":{"code":102,"message":"unknown channel"}}]}',
    ],
    [
      '{"commands":[{"history":{"channel":"kept:a"}},{"info":null,"channels":{"pattern":"x"}}]}',
      '200 application/json {"replies":[{"history":{"publications":[],"epoch":"E","offset":0}},{"channels":{"channels":{}}}]}',
    ],
    [
      '{"commands":[{"publish":{"channel":"open:a","data":{}}}],"parallel":true}',
      '200 application/json {"replies":[{"publish":{}}]}',
    ],
    ['{"commands":[{}]}', '200 application/json {"replies":[{"error":{"code":104,"message":"not found"}}]}'],
    [
      '{"commands":[{"publish":null}]}',
      '200 application/json {"replies":[{"error":{"code":104,"message":"not found"}}]}',
    ],
    [
      '{"commands":[{"dance":{}},{"batch":{}},{"constructor":{}},{"__proto__":{}}]}',
      `200 application/json {"replies":[${'{"error":{"code":104,"message":"not found"}},'.repeat(4).slice(0, -1)}]}`,
    ],
    ['{"commands":{}}', badRequest],
    ['{"commands":"x"}', badRequest],
    ['{"commands":[5]}', badRequest],
    [
      '{"commands":[null,{"info":{},"publish":{}}]}',
      `200 application/json {"replies":[${'{"error":{"code":107,"message":"bad request"}},'.repeat(2).slice(0, -1)}]}`,
    ],
    ['{"commands":[{"publish":{},"channels":{"pattern":5}}]}', badRequest],
    ['{"commands":[[]]}', badRequest],
    ['{"commands":[{"publish":5}]}', badRequest],
    ['{"commands":[{"publish":[]}]}', badRequest],
    ['{"commands":[{"publish":{"channel":5}}]}', badRequest],
    ['{"commands":[],"parallel":"yes"}', badRequest],
  ])('%s', async (body, answer) => {
    expect(await answerTo('batch', body)).toBe(answer)
  })

  test('one command that can’t be read stops all of them before the first', async () => {
    const good = '{"publish":{"channel":"kept:a","data":1}}'
    for (const bad of ['{"publish":{"channel":5}}', '5', '{"history":{"limit":"x"}}']) {
      expect(await answerTo('batch', `{"commands":[${good},${bad}]}`)).toBe(badRequest)
      expect(await answerTo('batch', `{"commands":[${good},${bad}],"parallel":true}`)).toBe(badRequest)
    }
    expect(await answerTo('history', '{"channel":"kept:a"}')).toBe(ok('{"publications":[],"epoch":"E","offset":0}'))
  })

  test('data of each command is the text that it was', async () => {
    const commands = ['{ "n" : 1.0 }', '[1E400,\n"\\ud800"]', 'null'].map(
      (data) => `{"x":[{"data":0}],"publish":{"data":5,"channel":"kept:a","data":${data}}}`,
    )
    const body = `{"commands":[5],"commands" : [ ${commands.join(' ,\n')} ]}`
    expect(await answerTo('batch', body)).toBe(
      '200 application/json {"replies":[{"publish":{"offset":1,"epoch":"E"}},{"publish":{"offset":2,"epoch":"E"}},{"publish":{"offset":3,"epoch":"E"}}]}',
    )
    const { body: history } = await post('history', '{"channel":"kept:a","limit":-1}')
    expect(history).toContain(
      '"publications":[{"data":{ "n" : 1.0 },"offset":1},{"data":[1E400,"\\ud800"],"offset":2},{"data":null,"offset":3}]',
    )
  })
})

describe('what an app’s handler answers', () => {
  const rpc = (onRpc: NonNullable<HubHandlers['onRpc']>): void => useHub({ handlers: { onRpc } })

  test('is the data, and what it was called with came as it was sent', async () => {
    const onRpc = vi.fn<NonNullable<HubHandlers['onRpc']>>(() => ({ data: { a: [1] } }))
    rpc(onRpc)
    expect(await answerTo('rpc', '{"method":"m","params":{"x":[1.0]}}')).toBe(ok('{"data":{"a":[1]}}'))
    expect(onRpc).toHaveBeenCalledWith({ method: 'm', data: { x: [1] }, client: undefined, user: undefined })
    expect(await answerTo('rpc', '{"method":"m"}')).toBe(ok('{"data":{"a":[1]}}'))
    expect(onRpc).toHaveBeenLastCalledWith({ method: 'm', data: undefined, client: undefined, user: undefined })
  })

  test('nothing is an empty result', async () => {
    rpc(() => Promise.resolve({}))
    expect(await answerTo('rpc', '{"method":"m"}')).toBe(ok('{}'))
  })

  test('an error of its own is told, anything else is not', async () => {
    const own = Object.assign(new Error('no such room'), { name: 'ReplyError', code: 404 })
    rpc(({ method }) => {
      throw method === 'own' ? own : new Error('the secret')
    })
    expect(await answerTo('rpc', '{"method":"own"}')).toBe(error(404, 'no such room'))
    expect(hub.log).toEqual([])
    expect(await answerTo('rpc', '{"method":"other"}')).toBe(error(100, 'internal server error'))
    expect(hub.log).toMatchObject([
      { level: 'error', fields: { err: expect.objectContaining({ message: 'the secret' }) } },
    ])
  })

  test('what can’t be written as JSON is an internal error', async () => {
    rpc(() => ({ data: 1n }))
    expect(await answerTo('rpc', '{"method":"m"}')).toBe(error(100, 'internal server error'))
  })
})

test('a broker that answers later gives the same answers, failures included', async () => {
  const clock = new TestClock()
  const broker = delayedBroker(new MemoryBroker(clock))
  useHub({ broker })
  expect(await answerTo('publish', '{"channel":"kept:a","data":1}')).toBe(ok('{"offset":1,"epoch":"E"}'))
  expect(await answerTo('broadcast', '{"channels":["kept:a","nowhere:a"],"data":1}')).toBe(
    ok('{"responses":[{"result":{"offset":2,"epoch":"E"}},{"error":{"code":102,"message":"unknown channel"}}]}'),
  )
  vi.spyOn(broker, 'publish').mockImplementation(() => Promise.reject(new Error('gone')))
  expect(await answerTo('publish', '{"channel":"kept:a","data":1}')).toBe(error(100, 'internal server error'))
  expect(await answerTo('batch', '{"commands":[{"publish":{"channel":"kept:a","data":1}}]}')).toBe(
    '200 application/json {"replies":[{"error":{"code":100,"message":"internal server error"}}]}',
  )
})
