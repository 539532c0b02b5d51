import { readFileSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { signToken } from '@backchannel/protocol/token'
import { Centrifuge } from 'centrifuge'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { exitCodes } from '../failure.ts'
import { Folder, run, start, type Running } from '../testing/cli.ts'

const running: Running[] = []
const clients: Centrifuge[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  for (const { child } of running) child.kill('SIGKILL')
  await Promise.all(running.splice(0).map(async ({ ended }) => await ended))
})

const local = ['--address', '127.0.0.1', '--port', '0']

function serve(config: unknown, args: readonly string[] = local, env: Record<string, string> = {}): Running {
  // The file may go as soon as it was read.
  const folder = new Folder()
  const server = start(['serve', '-c', folder.write('config.json', config), ...args], { cwd: folder.path, env })
  void server.ended.then(() => folder[Symbol.dispose]())
  running.push(server)
  return server
}

async function connectTo(address: string, user: string, key = 'secret'): Promise<Centrifuge> {
  const client = new Centrifuge(`ws://${address}/connection/websocket`, { token: signToken({ sub: user }, key) })
  clients.push(client)
  client.connect()
  await client.ready()
  return client
}

const config = {
  client: { token: { hmac_secret_key: 'secret' } },
  channel: { namespaces: [{ name: 'chat', allow_subscribe_for_client: true }] },
  http_api: { key: 'key' },
  health: { enabled: true },
  admin: { enabled: true, password: 'password', secret: 'admin secret' },
}

const post = (url: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: 'POST', body, headers })

describe('serve', () => {
  test('clients connect, subscribe and hear what the API publishes', async () => {
    const address = await serve(config).address()
    const client = await connectTo(address, 'alice')
    const subscription = client.newSubscription('chat:1')
    const heard = new Promise((resolve) => subscription.on('publication', ({ data }) => resolve(data)))
    subscription.subscribe()
    await subscription.ready()
    const answer = await post(`http://${address}/api/publish`, '{"channel":"chat:1","data":{"n":1}}', {
      'x-api-key': 'key',
    })
    expect(await answer.json()).toEqual({ result: {} })
    expect(await heard).toEqual({ n: 1 })
    expect((await post(`http://${address}/api/info`, '{}')).status).toBe(401)
    const nothing = await fetch(`http://${address}/nothing`)
    expect([nothing.status, await nothing.text()]).toEqual([404, '404 page not found\n'])
  })

  test('it is the command without a name, and logs lines of JSON with a level and a time', async () => {
    using folder = new Folder()
    const server = start(['-c', folder.write('config.yaml', 'log: {level: debug}'), ...local])
    running.push(server)
    await server.logged('listening')
    expect(server.lines.map(({ level, message }) => ({ level, message }))).toEqual([
      { level: 'info', message: 'configuration read' },
      { level: 'info', message: 'listening' },
    ])
    for (const { time } of server.lines) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })

  test('without a file it starts from variables, and says so', async () => {
    using folder = new Folder()
    const env = { CENTRIFUGO_HTTP_API_KEY: 'key', CENTRIFUGO_HEALTH_ENABLED: 'true', CENTRIFUGO_HTTP_API_KEI: 'x' }
    const server = start(['serve', ...local], { cwd: folder.path, env })
    running.push(server)
    const address = await server.address()
    expect((await fetch(`http://${address}/health`)).status).toBe(200)
    expect((await post(`http://${address}/api/info`, '{}', { authorization: 'apikey key' })).status).toBe(200)
    expect(server.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      'no configuration file: this listens on 127.0.0.1, port 0, and nothing is allowed but what variables and flags allow',
      'CENTRIFUGO_HTTP_API_KEI is no option; did you mean CENTRIFUGO_HTTP_API_KEY?',
    ])
  })

  test('variables of a .env file count, unless the process has them, too', async () => {
    using folder = new Folder()
    folder.write('.env', 'CENTRIFUGO_HTTP_API_KEY="from the file"\nCENTRIFUGO_HEALTH_ENABLED=true\n')
    const server = start(['serve', ...local], { cwd: folder.path, env: { CENTRIFUGO_HTTP_API_KEY: 'own' } })
    running.push(server)
    const address = await server.address()
    expect(server.lines.map(({ message }) => message)).toContain('variables read')
    expect((await fetch(`http://${address}/health`)).status).toBe(200)
    expect((await post(`http://${address}/api/info`, '{}', { 'x-api-key': 'own' })).status).toBe(200)
  })

  test('a page’s own origin is no exception, as with Centrifugo', async () => {
    const address = await serve(config).address()
    const request = httpRequest(`http://${address}/connection/websocket`, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        origin: `http://${address}`,
      },
    })
    request.end()
    const [response] = (await once(request, 'response')) as [{ statusCode: number; resume(): void }]
    response.resume()
    expect(response.statusCode).toBe(403)
  })

  test('what is not for clients has a port of its own when one is configured', async () => {
    const server = serve({ ...config, http_server: { internal_port: '0', internal_address: '127.0.0.1' } }, [
      '--port',
      '0',
      '--address',
      '::1',
    ])
    await server.logged('listening')
    while (server.lines.filter(({ message }) => message === 'listening').length < 2) await server.nextOutput()
    const [external, internal] = server.lines.filter(({ message }) => message === 'listening')
    expect(external?.['endpoints']).toEqual(['clients'])
    expect(internal?.['endpoints']).toEqual(['api', 'admin', 'health'])
    const statuses = async (address: unknown): Promise<number[]> => {
      const base = `http://${String(address)}`
      const answers = [
        await fetch(`${base}/health`),
        await fetch(`${base}/`),
        await post(`${base}/api/info`, '{}', { 'x-api-key': 'key' }),
        await fetch(`${base}/connection/websocket`),
      ]
      return answers.map(({ status }) => status)
    }
    expect(await statuses(external?.['address'])).toEqual([404, 404, 404, 400])
    expect(await statuses(internal?.['address'])).toEqual([200, 200, 200, 404])
  })

  test('who never finishes a request is cut off', { timeout: 30_000 }, async () => {
    const [host = '', port = ''] = (await serve(config).address()).split(':')
    const socket = connect(Number(port), host)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
    await once(socket, 'close')
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('rules of channels are read again at SIGHUP, and a mistake in them changes nothing', async () => {
    using folder = new Folder()
    const file = folder.write('config.json', config)
    const server = start(['serve', '-c', file, ...local])
    running.push(server)
    const client = await connectTo(await server.address(), 'alice')
    const subscribe = async (channel: string): Promise<unknown> => {
      const subscription = client.newSubscription(channel)
      const settled = new Promise((resolve) => {
        subscription.on('subscribed', () => resolve('subscribed'))
        subscription.on('unsubscribed', ({ code }) => resolve(code))
      })
      subscription.subscribe()
      return await settled
    }
    expect(await subscribe('new:1')).toBe(102)
    folder.write('config.json', {
      ...config,
      channel: { namespaces: [{ name: 'new', allow_subscribe_for_client: true }] },
    })
    server.child.kill('SIGHUP')
    await server.logged('the options of channels were read again')
    expect(await subscribe('new:2')).toBe('subscribed')
    folder.write('config.json', { ...config, channel: { namespaces: 5 } })
    server.child.kill('SIGHUP')
    while (!server.stdout.includes('was not read again')) await server.nextOutput()
    expect(await subscribe('new:3')).toBe('subscribed')
  })

  test('the process’s id is in the file while it runs', async () => {
    using folder = new Folder()
    const file = `${folder.path}/pid`
    const server = serve(config, [...local, '--pid_file', file, '--log.file', `${folder.path}/log`])
    await vi.waitFor(() => expect(readText(file)).not.toBe(''), { timeout: 10_000 })
    expect(readText(file)).toBe(String(server.child.pid))
    server.child.kill('SIGTERM')
    expect(await server.ended).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect(readText(file)).toBe('')
  })
})

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

describe('the admin', () => {
  test('gets a token for the password, and with it the API', async () => {
    const base = `http://${await serve(config).address()}`
    const auth = (password: string): Promise<Response> =>
      fetch(`${base}/admin/auth`, { method: 'POST', body: new URLSearchParams({ password }) })
    expect((await auth('wrong')).status).toBe(400)
    expect((await auth('')).status).toBe(400)
    const { token } = (await (await auth('password')).json()) as { token: string }

    const call = (authorization: string): Promise<Response> =>
      post(`${base}/admin/api`, '{"method":"info","params":{}}', { authorization })
    expect(await (await call(`token ${token}`)).json()).toMatchObject({ result: { nodes: [{ num_clients: 0 }] } })
    expect((await call(`Token ${token}`)).status).toBe(200)
    const forged = [
      '',
      'token',
      'token x',
      `token ${token} x`,
      `apikey ${token}`,
      `token ${token.slice(0, -2)}`,
      // Whoever can sign connection tokens is no admin, even where both secrets are one.
      `token ${signToken({ sub: 'alice' }, 'admin secret')}`,
      `token ${signToken({ sub: 'alice' }, 'secret')}`,
    ]
    for (const authorization of forged) expect((await call(authorization)).status).toBe(401)

    const init = async (headers: Record<string, string>): Promise<unknown> =>
      await (await fetch(`${base}/admin/init`, { headers })).json()
    expect(await init({})).toEqual({ insecure: false, edition: 'oss', authenticated: false })
    expect(await init({ authorization: `token ${token}` })).toMatchObject({ authenticated: true })
    expect((await fetch(`${base}/admin/auth`)).status).toBe(405)
    const multipart = new FormData()
    multipart.set('password', 'password')
    expect((await fetch(`${base}/admin/auth`, { method: 'POST', body: multipart })).status).toBe(200)
  })

  test('logs in nowhere without a password or a secret, and is in everywhere when insecure', async () => {
    const open = { ...config, admin: { enabled: true } }
    const base = `http://${await serve(open).address()}`
    expect(
      (await fetch(`${base}/admin/auth`, { method: 'POST', body: new URLSearchParams({ password: '' }) })).status,
    ).toBe(400)
    expect((await post(`${base}/admin/api`, '{"method":"info"}')).status).toBe(401)
    const insecure = serve(open, [...local, '--admin.insecure'])
    const from = async (site: string): Promise<number> => {
      const headers = { 'sec-fetch-site': site }
      return (await post(`http://${await insecure.address()}/admin/api`, '{"method":"info"}', headers)).status
    }
    expect(await from('same-origin')).toBe(200)
    expect(await from('none')).toBe(200)
    // Any other page that the admin has open.
    expect(await from('cross-site')).toBe(401)
    expect(await from('same-site')).toBe(401)
    // Over plain HTTP browsers name no site to other machines, but the page's origin.
    const ofPage = async (origin: string): Promise<number> =>
      (await post(`http://${await insecure.address()}/admin/api`, '{"method":"info"}', { origin })).status
    expect(await ofPage('http://evil.example')).toBe(401)
    expect(await ofPage('null')).toBe(401)
    expect(await ofPage(`http://${await insecure.address()}`)).toBe(200)
    expect(insecure.stdout).toContain('admin.insecure is on')
  })

  test('follows a channel, without anybody’s token, until the server ends', async () => {
    const server = serve(config)
    const address = await server.address()
    const login = await fetch(`http://${address}/admin/auth`, {
      method: 'POST',
      body: new URLSearchParams({ password: 'password' }),
    })
    const { token } = (await login.json()) as { token: string }
    const trace = (query: string, authorization = `token ${token}`): Promise<Response> =>
      fetch(`http://${address}/admin/trace${query}`, { headers: { authorization } })
    expect((await trace('?channel=chat:1', '')).status).toBe(401)
    expect((await trace('')).status).toBe(400)
    expect((await trace('?channel=a&user=b')).status).toBe(400)

    const stream = await trace('?user=alice')
    expect(stream.headers.get('content-type')).toBe('application/x-ndjson')
    const client = await connectTo(address, 'alice')
    const subscription = client.newSubscription('chat:1')
    subscription.subscribe()
    await subscription.ready()
    server.child.kill('SIGTERM')
    const text = await stream.text()
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['command', 'reply', 'disconnect']))
    expect(events.every(({ user, time }) => user === 'alice' && typeof time === 'string')).toBe(true)
    expect(text).not.toContain('eyJ')
    expect((await server.ended).code).toBe(0)
  })

  test('has a page that loads nothing from elsewhere, behind its prefix', async () => {
    const base = `http://${await serve({ ...config, admin: { ...config.admin, handler_prefix: '/inner' } }).address()}`
    expect((await fetch(`${base}/`)).status).toBe(404)
    const page = await fetch(`${base}/inner/`)
    const policy = page.headers.get('content-security-policy')
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-[^ ]+'; connect-src 'self';/,
    )
    expect(await page.text()).not.toMatch(/https?:|\bsrc=|\bhref=/)
  })
})

describe('what can’t be started', () => {
  test('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    using folder = new Folder()
    const ended = await run([
      'serve',
      '-c',
      folder.write('c.json', config),
      '--address',
      '127.0.0.1',
      '--port',
      String(port),
    ])
    other.close()
    expect(ended.code).toBe(exitCodes.listen)
    expect(ended.stderr).toBe(`backchannel: can't listen on 127.0.0.1:${port}: it is already in use\n`)
  })

  test.each([
    [
      'an address of another machine',
      ['--address', '192.0.2.1', '--port', '0'],
      exitCodes.listen,
      "can't listen on 192.0.2.1:0: this machine has no such address",
    ],
    [
      'a log in no folder',
      [...local, '--log.file', '/nowhere/at/all'],
      exitCodes.file,
      "/nowhere/at/all can't be written: ",
    ],
    [
      'a pid file in no folder',
      [...local, '--pid_file', '/nowhere/at/all'],
      exitCodes.file,
      "/nowhere/at/all can't be written: ",
    ],
    ['an engine that is not there', [...local, '--engine.type', 'redis'], exitCodes.config, '  engine.type: the hub'],
    [
      'a switch that is none',
      [...local, '--health=si'],
      exitCodes.config,
      '--health.enabled: expected true or false, got "si"',
    ],
  ])('%s', async (_, args, code, message) => {
    using folder = new Folder()
    const ended = await run(['serve', '-c', folder.write('c.json', config), ...args])
    expect(ended.code).toBe(code)
    expect(ended.stderr).toContain(message)
    expect(ended.stderr).not.toContain('    at ')
  })

  test('a namespace of another kind starts when it is allowed by name, and the log says what is missing', async () => {
    const keyed = {
      channel: { namespaces: [{ name: 'ns', subscription_type: 'map' }] },
      consumers: [{ name: 'a', type: 'kafka', enabled: true }],
    }
    const names = ['channel.namespaces.subscription_type', 'consumers']
    const server = serve(keyed, [...local, ...names.flatMap((name) => ['--allow-unsupported', name])])
    await server.address()
    expect(server.lines.find(({ level }) => level === 'warn')?.['message']).toMatch(
      /^without effect here: channel\.namespaces\.subscription_type, consumers\.enabled/,
    )
  })
})
