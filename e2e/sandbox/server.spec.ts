import { createConnection } from 'node:net'
import { expect, test } from '../support/fixtures.ts'
import { SandboxServer } from '../support/sandbox-server.ts'

test('a taken port: one clear line, exit code 1, and nothing opened', async ({ running }) => {
  const second = new SandboxServer({ env: { PORT: String(running.sandbox.port) } })
  expect(await second.launch().ended).toEqual({ code: 1, signal: null })
  expect(second.output.trim().split('\n')).toEqual([
    `Port ${running.sandbox.port} is already in use. Stop what listens there, or choose another: PORT=${running.sandbox.port + 1}`,
  ])
  await second.remove()
})

test('a data folder in use: one clear line and exit code 1', async ({ running }) => {
  const second = new SandboxServer({ env: { DATA_DIR: running.sandbox.dataDir, PORT: '0' } })
  expect(await second.launch().ended).toEqual({ code: 1, signal: null })
  expect(second.output.trim().split('\n')).toEqual([
    `Another process uses the data folder ${running.sandbox.dataDir}. Stop it, or set DATA_DIR to another folder.`,
  ])
  await second.remove()
})

test('a wrong setting: one clear line and exit code 1', async () => {
  const server = new SandboxServer({ env: { REALTIME: 'perhaps' } })
  expect(await server.launch().ended).toEqual({ code: 1, signal: null })
  expect(server.output.trim()).toBe('REALTIME is "perhaps"; it can be on, off.')
  await server.remove()
})

for (const [env, line] of [
  [{ DATABASE_URL: 'nonsense' }, /^DATABASE_URL must be a URL such as postgres:\/\/[^\n]+$/],
  [
    { DATABASE_URL: 'postgres://ada:hunter2@127.0.0.1:9/none', PORT: '0' },
    /^DATABASE_URL: can't connect to Postgres at 127\.0\.0\.1 \([^\n]*ECONNREFUSED[^\n]*\)\.$/,
  ],
  [{ HOST: '192.0.2.1', PORT: '0' }, /^HOST is "192\.0\.2\.1", which is no address of this machine \(\w+\)\.$/],
] as const) {
  test(`${JSON.stringify(env)}: one clear line and exit code 1`, async () => {
    const server = new SandboxServer({ env })
    expect(await server.launch().ended).toEqual({ code: 1, signal: null })
    expect(server.output.trim()).toMatch(line)
    await server.remove()
  })
}

test('one secret of Centrifugo without the other: the log says so at the start, and that the hub runs', async () => {
  const server = await SandboxServer.start({ env: { CENTRIFUGO_API_KEY: 'alone' } })
  try {
    // pino may write a line a moment after the server serves.
    await expect
      .poll(() => server.output)
      .toContain('CENTRIFUGO_API_KEY is set but CENTRIFUGO_TOKEN_HMAC_SECRET is not')
    expect(server.output).toContain('the embedded hub runs')
    expect(server.output).not.toContain('alone')
  } finally {
    await server.remove()
  }
})

test('SIGTERM ends it with 0, kill -9 loses nothing, and a second signal does not wait', async () => {
  test.slow()
  const server = await SandboxServer.start()
  const secretOf = async () => (await fetch(`${server.url}/health`)).ok && server.hubApiKey
  const secret = await secretOf()
  try {
    expect(await server.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' })
    await server.start()
    expect(await secretOf()).toBe(secret)

    expect(await server.end('SIGINT')).toEqual({ code: 0, signal: null })
    await server.start()

    // A request that never ends holds the first signal up; the second one has no patience.
    const socket = createConnection(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(
      'POST /api/auth/sign-in/email HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{',
    )
    await new Promise((resolve) => setTimeout(resolve, 300))
    const first = server.end('SIGTERM')
    await expect.poll(() => server.output).toContain('closing')
    // One press of Ctrl-C under npm arrives twice; half a second later it is a second press.
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(await server.end('SIGTERM')).toEqual({ code: 1, signal: null })
    await first
    socket.destroy()
  } finally {
    await server.remove()
  }
})

test('it prints the URL, and an upgrade that is nobody’s gets 404', async ({ running }) => {
  expect(running.sandbox.output).toContain(`Backchannel sandbox: ${running.sandbox.url}\n`)
  const status = await new Promise<string>((resolve, reject) => {
    const socket = createConnection(running.sandbox.port, '127.0.0.1')
    socket.once('error', reject)
    socket.once('data', (data) => {
      socket.destroy()
      resolve(data.toString().split('\r\n', 1)[0] ?? '')
    })
    socket.write('GET /somewhere HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  })
  expect(status).toBe('HTTP/1.1 404 Not Found')
})
