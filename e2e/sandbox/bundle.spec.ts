import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { deriveSecrets } from '../../apps/sandbox/server/secrets.ts'
import { expect, test } from '../support/fixtures.ts'
import { RealtimePage } from '../support/realtime-page.ts'
import { repository } from '../support/sandbox-server.ts'

const dist = path.join(repository, 'apps/sandbox/dist')

/** Parts of server code that a minifier leaves as they are. */
const serverCode = [
  'X-API-Key',
  'fast-jwt',
  'WebSocketServer',
  'createHmac',
  'drizzle',
  'pglite',
  'insert into',
  'node:',
]

function textOf(folder: string): string {
  return readdirSync(path.join(dist, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:js|css|html|json|map|svg)$/.test(entry.name))
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))
    .join('\n')
}

test('the browser’s files hold no server code', () => {
  const client = textOf('client').toLowerCase()
  expect(client).toContain('continue as demo user')
  expect(serverCode.filter((part) => client.includes(part.toLowerCase()))).toEqual([])
})

test('the same search finds server code where it belongs', () => {
  const server = textOf('server').toLowerCase()
  expect(['X-API-Key', 'drizzle', 'node:crypto'].filter((part) => !server.includes(part.toLowerCase()))).toEqual([])
})

test('nothing that the server sends holds a secret', async ({ openBrowser, running }) => {
  const secret = readFileSync(path.join(running.sandbox.dataDir, 'secret'), 'utf8')
  const secrets = [secret, ...Object.values(deriveSecrets(secret))]
  expect(secrets).toContain(running.apiKey)

  const page = await openBrowser('demo')
  const bodies: Promise<string>[] = []
  page.on('response', (response) => bodies.push(response.text().catch(() => '')))
  for (const url of ['/', '/sandbox/realtime', '/sandbox/realtime?again']) await page.goto(url)
  const realtime = new RealtimePage(page)
  await realtime.connect()
  await realtime.publish('looking for secrets')
  const sent = (await Promise.all(bodies)).join('\n') + realtime.received() + textOf('client')
  expect(sent).toContain('hub-api-key')
  expect(secrets.filter((value) => sent.includes(value))).toEqual([])
})
