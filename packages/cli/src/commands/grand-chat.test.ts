import { fileURLToPath } from 'node:url'
import { readFileSync } from 'node:fs'
import { outboxSchema } from '@backchannel/outbox'
import { signToken } from '@backchannel/protocol/token'
import { requireServices, startPostgres } from '@backchannel/servers'
import { Centrifuge, type PublicationContext, type SubscribedContext } from 'centrifuge'
import { Pool } from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import { exitCodes } from '../failure.ts'
import { convertV5 } from '../legacy/convert.ts'
import { Folder, run, start, type Running } from '../testing/cli.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`../testing/grand-chat/${name}`, import.meta.url))

const needsPostgres = await requireServices('postgres')

const running: Running[] = []
const clients: Centrifuge[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  for (const { child } of running) child.kill('SIGKILL')
  await Promise.all(running.splice(0).map(async ({ ended }) => await ended))
})

async function serve(file: string, ...args: string[]): Promise<{ server: Running; base: string }> {
  const server = start(['serve', '-c', file, '--address', '127.0.0.1', '--port', '0', ...args])
  running.push(server)
  return { server, base: await server.address() }
}

const publish = async (base: string, channel: string, data: unknown): Promise<unknown> => {
  const response = await fetch(`http://${base}/api/publish`, {
    method: 'POST',
    headers: { 'x-api-key': 'api_key' },
    body: JSON.stringify({ channel, data }),
  })
  return await response.json()
}

/** A user's own channel, live and after an interruption. */
async function recoverPersonalChannel(base: string): Promise<void> {
  const client = new Centrifuge(`ws://${base}/connection/websocket`, {
    token: signToken({ sub: '42' }, 'secret'),
    minReconnectDelay: 1,
  })
  clients.push(client)
  client.connect()
  const channel = 'personal:42'
  const subscription = client.newSubscription(channel, { token: signToken({ sub: '42', channel }, 'secret') })
  const heard: unknown[] = []
  let onHeard = (): void => {}
  subscription.on('publication', ({ data }: PublicationContext) => {
    heard.push(data)
    onHeard()
  })
  subscription.subscribe()
  await subscription.ready()
  await publish(base, channel, 'one')
  while (heard.length < 1) await new Promise<void>((resolve) => (onHeard = resolve))

  client.disconnect()
  expect(await publish(base, channel, 'two')).toMatchObject({ result: { offset: 2 } })
  const again = new Promise<SubscribedContext>((resolve) => subscription.once('subscribed', resolve))
  client.connect()
  expect(await again).toMatchObject({ wasRecovering: true, recovered: true })
  while (heard.length < 2) await new Promise<void>((resolve) => (onHeard = resolve))
  expect(heard).toEqual(['one', 'two'])
}

describe('Grand Chat’s configuration', () => {
  test('is taken unchanged', async () => {
    const { server, base } = await serve(fixture('config.json'))
    expect(server.lines.filter(({ level }) => level === 'warn')).toEqual([])
    await recoverPersonalChannel(base)
    const statuses = ['/health', '/metrics', '/'].map(async (path) => (await fetch(`http://${base}${path}`)).status)
    expect(await Promise.all(statuses)).toEqual([200, 200, 200])
    const metrics = await (await fetch(`http://${base}/metrics`)).text()
    expect(metrics).toMatch(/^centrifugo_node_num_clients(?:\{.*\})? 1$/m)
  })

  test('in v5’s shape is converted to the same', async () => {
    const { config, notes, unknown } = convertV5(
      JSON.parse(readFileSync(fixture('config-v5.json'), 'utf8')) as Record<string, unknown>,
    )
    expect({ notes, unknown }).toEqual({ notes: [], unknown: [] })
    expect(config).toEqual(JSON.parse(readFileSync(fixture('config.json'), 'utf8')))

    using folder = new Folder()
    const refused = await run(['checkconfig', '-c', fixture('config-v5.json')])
    expect(refused).toMatchObject({
      code: exitCodes.config,
      stderr: expect.stringContaining('backchannel migrateconfig') as string,
    })
    const file = `${folder.path}/config.yaml`
    expect(await run(['migrateconfig', '-c', fixture('config-v5.json'), '-o', file])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    })
    const { base } = await serve(file)
    await recoverPersonalChannel(base)
  })

  test('over Redis, fed by an outbox and a queue, starts only when told to do without', needsPostgres, async () => {
    const refused = await run(['checkconfig', '-c', fixture('distributed.yaml')])
    expect(refused.code).toBe(exitCodes.config)
    expect(refused.stderr.match(/--allow-unsupported \S+/g)).toEqual([
      '--allow-unsupported engine.type',
      '--allow-unsupported consumers.enabled',
    ])
    // The outbox is read, the queue is what it does without.
    const postgres = await startPostgres()
    try {
      const pool = new Pool({ connectionString: postgres.url, max: 1 })
      await pool.query(outboxSchema({ table: 'chat_outbox' }))
      await pool.end()
      const allowed = ['engine.type', 'consumers.enabled'].flatMap((name) => ['--allow-unsupported', name])
      const args = ['serve', '-c', fixture('distributed.yaml'), '--address', '127.0.0.1', '--port', '0', ...allowed]
      const server = start(args, { env: { CENTRIFUGO_CONSUMERS_OUTBOX_POSTGRESQL_DSN: postgres.url } })
      running.push(server)
      expect(await server.logged('reading an outbox')).toMatchObject({ consumer: 'outbox', table: 'chat_outbox' })
      expect(server.lines.find(({ level }) => level === 'warn')?.['message']).toMatch(
        /^without effect here: engine\.type, .*consumers\.kafka/,
      )
      server.child.kill('SIGKILL')
      await server.ended
    } finally {
      await postgres.stop()
    }
  })
})
