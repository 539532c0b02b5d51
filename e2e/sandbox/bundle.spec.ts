import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { deriveSecrets } from '../../apps/sandbox/server/secrets.ts'
import { expect, test } from '../support/fixtures.ts'
import { RealtimePage } from '../support/realtime-page.ts'
import { repository } from '../support/sandbox-server.ts'

const dist = path.join(repository, 'apps/sandbox/dist')

/** Parts of server code that a minifier leaves as they are. */
const serverCode = [
  /x-api-key/i,
  /["'`]node:/,
  /fast-jwt/i,
  /createHmac/,
  /WebSocketServer/,
  /drizzle/i,
  /pglite/i,
  /better-auth\.session/i,
]

function textOf(folder: string): string {
  return readdirSync(path.join(dist, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:js|css|html|json|map|svg)$/.test(entry.name))
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))
    .join('\n')
}

test('the browser’s files hold no server code', () => {
  const client = textOf('client')
  expect(client).toContain('Continue as demo user')
  expect(serverCode.filter((part) => part.test(client)).map(String)).toEqual([])
})

test('the same search finds server code where it belongs', () => {
  const server = textOf('server')
  const found = serverCode.filter((part) => part.test(server)).map(String)
  expect(found).toEqual(expect.arrayContaining(['/x-api-key/i', '/["\'`]node:/', '/drizzle/i']))
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
