import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { limits, type MessagePage } from '../model.ts'
import { createRates, type Rates } from './rates.ts'
import { requireOwnOrigin } from './requests.ts'
import { engines, origin, startBackend, statuses, type Backend, type Caller, type Engine } from './testing/backend.ts'

describe('a request', () => {
  let engine: Engine
  let backend: Backend
  let ada: Caller
  let room: number
  beforeAll(async () => {
    engine = await (engines[0]?.start() as Promise<Engine>)
    backend = await startBackend(engine)
    ada = await backend.newPerson('Ada')
    room = (await ada.createRoom()).id
  })
  afterAll(async () => {
    await backend.close()
    await engine.stop()
  })

  /** A body that is a stream can be sent one way only; Node's types don't know the option. */
  const oneWay: object = { duplex: 'half' }
  /** As a browser or anybody else would send it. */
  const send = (
    path: string,
    { body, headers, ...init }: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
  ) =>
    backend.request(
      new Request(`${origin}/api/${path}`, {
        ...init,
        headers: { cookie: ada.cookie, ...headers },
        ...(body === undefined ? {} : { body, ...oneWay }),
      }),
    )
  const json = { 'content-type': 'application/json' }
  const post = (body: BodyInit, headers: Record<string, string> = json) =>
    send(`rooms/${room}/messages`, { method: 'POST', headers: { origin, ...headers }, body })
  const message = (content: unknown, clientId: unknown = crypto.randomUUID()) =>
    JSON.stringify({ content, client_id: clientId })

  test.each([
    ['GET', 'rooms'],
    ['POST', 'rooms'],
    ['GET', 'rooms/1/messages'],
    ['POST', 'rooms/1/join'],
    ['GET', 'people'],
    ['GET', 'messages/search'],
    ['POST', 'direct'],
    ['GET', 'nothing'],
  ])('%s %s without a session is 401', async (method, path) => {
    const answer = await backend.request(new Request(`${origin}/api/${path}`, { method, headers: { origin } }))
    expect(answer).toMatchObject({ status: 401, body: { detail: 'unauthorized' } })
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('that changes something comes from the app’s own pages', async () => {
    const join = (headers: Record<string, string>) => send(`rooms/${room}/join`, { method: 'POST', headers })
    const refused = { status: 403, body: { detail: 'Only the pages of this app may do this.' } }
    expect(await join({ origin: 'https://evil.example' })).toMatchObject(refused)
    expect(await join({ origin: 'null' })).toMatchObject(refused)
    expect(await join({ origin: `${origin}.evil.example` })).toMatchObject(refused)
    expect(await join({})).toMatchObject(refused)
    for (const site of ['cross-site', 'same-site', 'none']) {
      expect(await join({ 'sec-fetch-site': site, origin })).toMatchObject(refused)
    }
    expect(await send(`rooms/${room}/messages/1`, { method: 'DELETE' })).toMatchObject(refused)
    expect(await send(`rooms/${room}/messages/1`, { method: 'PATCH' })).toMatchObject(refused)
    // 409: they got through, and Ada is in the room.
    expect((await join({ 'sec-fetch-site': 'same-origin' })).status).toBe(409)
    expect((await join({ origin })).status).toBe(409)
    // Reading changes nothing, and another page can't see the answer.
    expect((await send('rooms', { headers: { origin: 'https://evil.example' } })).status).toBe(200)
  })

  test('may end in a slash', async () => {
    expect((await send('rooms/')).status).toBe(200)
    expect((await send(`rooms/${room}/messages/?limit=1`)).status).toBe(200)
    expect((await send(`rooms/${room}//`)).status).toBe(404)
  })

  test('for nothing that is here is 404, with the wrong method 405', async () => {
    for (const path of ['rooms/x/y', 'rooms/1/messages/2/3', 'people/1', `rooms/${room}/messages/x/`]) {
      expect((await send(path)).status).toBe(path.includes('/x/') && path.startsWith(`rooms/${room}`) ? 405 : 404)
    }
    expect((await send('rooms', { method: 'HEAD' })).status).toBe(200)
    const answer = await send('rooms', { method: 'PUT', headers: { origin } })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('GET, POST')
    for (const id of ['x', '0', '01', '1.5', '-1', '%31', '9007199254740993', '99999999999999999999']) {
      expect((await send(`rooms/${id}`)).status).toBe(404)
    }
    const patch = { method: 'PATCH', headers: { origin, ...json }, body: JSON.stringify({ content: 'x' }) }
    for (const id of ['x', '0', '9007199254740993']) {
      expect((await send(`rooms/${room}/messages/${id}`, patch)).status).toBe(404)
    }
  })

  test('brings JSON, and says so', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', '']) {
      expect((await post(message('x'), { 'content-type': type })).status).toBe(415)
    }
    expect((await post(message('x'), { 'content-type': 'Application/JSON; charset=utf-8' })).status).toBe(201)
    for (const body of ['', '{', 'null', '[]', '"x"', '{}', new Uint8Array([0x22, 0xff, 0x22])]) {
      const answer = await post(body)
      expect(answer).toMatchObject({ status: 400, body: { detail: expect.stringMatching(/\.$/) } })
    }
    const nested = '['.repeat(30_000)
    expect((await post(nested)).status).toBe(400)
    // Names that an object already has.
    expect((await post('{"__proto__":{"content":"x"},"client_id":"x"}')).status).toBe(400)
  })

  test('is refused once it has proved too large, announced or not, and is not read to its end', async () => {
    expect((await post(message('x'.repeat(70_000)))).status).toBe(413)
    expect((await post('{}', { ...json, 'content-length': '65537' })).status).toBe(413)
    let pulled = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1
        controller.enqueue(new Uint8Array(16 * 1024).fill(0x20))
      },
    })
    expect((await post(endless)).status).toBe(413)
    expect(pulled).toBeLessThan(10)
  })

  test.each([
    ['', 'Write something first.'],
    [' \n\t ', 'Write something first.'],
    ['x'.repeat(limits.messageLength + 1), 'A message has at most 4000 characters.'],
    ['nul\0', 'A message can’t hold this character.'],
    ['half \ud83d', 'A message can’t hold this character.'],
    [7, 'content must be the message’s text.'],
    [null, 'content must be the message’s text.'],
  ])('with the text %j is refused', async (content, detail) => {
    expect(await post(message(content))).toMatchObject({ status: 400, body: { detail } })
  })

  test('with the longest text is taken', async () => {
    const answer = await post(message('☃'.repeat(limits.messageLength)))
    expect(answer.status).toBe(201)
    expect(answer.body['content']).toHaveLength(limits.messageLength)
  })

  test.each(['x', '', 7, null, '4b6e1c4e-3c0a-4d0e-9d4e-11111111111', `{${crypto.randomUUID()}}`])(
    'with the client id %j is refused',
    async (clientId) => {
      const answer = await post(message('x', clientId))
      expect(answer).toMatchObject({ status: 400, body: { detail: 'client_id must be a UUID.' } })
    },
  )
})

describe('behind a proxy', () => {
  test('the origin that browsers use is the app’s own, too', () => {
    const request = (from: string) =>
      new Request('http://10.0.0.7/api/rooms', { method: 'POST', headers: { origin: from } })
    const check = (from: string) => () => requireOwnOrigin(request(from), 'https://app.example.com')
    expect(check('https://app.example.com')).not.toThrow()
    expect(check('http://10.0.0.7')).not.toThrow()
    expect(check('http://app.example.com')).toThrow('Only the pages of this app may do this.')
    expect(check('https://example.com')).toThrow('Only the pages of this app may do this.')
  })
})

describe('whoever is too fast', () => {
  test('may write ten messages at once, change twenty things a second, and say once a second that they type', async () => {
    const rates = createRates()
    const waits = async (what: keyof Rates, times: number) =>
      Promise.all(Array.from({ length: times }, () => rates[what]('ada')))
    expect(await waits('post', 12)).toEqual([...Array<undefined>(10).fill(undefined), 1, 1])
    expect(await waits('change', 22)).toEqual([...Array<undefined>(20).fill(undefined), 1, 1])
    expect(await waits('typing', 2)).toEqual([undefined, 1])
    // Others are not held up.
    expect(await rates.post('grace')).toBeUndefined()
    expect(await rates.typing('grace')).toBeUndefined()
  })

  test('is told when to go on', async () => {
    const engine = await (engines[0]?.start() as Promise<Engine>)
    const backend = await startBackend(engine, { limited: true })
    const ada = await backend.newPerson('Ada')
    const room = await ada.createRoom()
    const seq = { seq: 1 }
    // Many more than are allowed in the time that they take.
    const posts = await Promise.all(Array.from({ length: 60 }, (_, index) => ada.post(room.id, `message ${index}`)))
    const typing = await Promise.all(Array.from({ length: 10 }, () => ada.send('POST', `rooms/${room.id}/typing`)))
    const reads = await Promise.all(Array.from({ length: 120 }, () => ada.send('POST', `rooms/${room.id}/read`, seq)))
    for (const [answers, taken] of [
      [posts, 201],
      [typing, 204],
      [reads, 200],
    ] as const) {
      expect(new Set(statuses(answers))).toEqual(new Set([taken, 429]))
      const refused = answers.find(({ status }) => status === 429)
      expect(refused?.body).toEqual({ detail: 'That was too fast: wait a second.' })
      expect(refused?.headers.get('retry-after')).toBe('1')
    }
    // Reading never is too fast, and what was refused was not done.
    const { body } = await ada.get<MessagePage>(`rooms/${room.id}/messages?limit=100`)
    expect(body.messages).toHaveLength(1 + posts.filter(({ status }) => status === 201).length)
    await backend.close()
    await engine.stop()
  })
})
