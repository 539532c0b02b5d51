// `rediss://`: certificates are checked. The certificate is made here, for a day.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type Server } from 'node:tls'
import { findProgram, type RedisServer, requireServices, startRedis } from '@backchannel/servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCache } from './cache.ts'

const openssl = findProgram(['openssl'], ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'])
const redisNeeds = await requireServices('redis')
const needs = openssl === undefined ? { skip: true, meta: { skipReason: 'openssl is not installed' } } : redisNeeds

describe('over TLS', needs, () => {
  let redis: RedisServer
  let server: Server
  let folder: string
  let url: string
  beforeAll(async () => {
    redis = await startRedis()
    folder = mkdtempSync(join(tmpdir(), 'backchannel-tls-'))
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const subject = ['-subj', '/CN=cache.test', '-addext', 'subjectAltName=IP:127.0.0.1']
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    execFileSync(openssl ?? '', ['req', '-x509', '-days', '1', ...curve, ...subject, '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    })
    server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (client) => {
      const upstream = connect(redis.port, '127.0.0.1')
      client.pipe(upstream).pipe(client)
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        socket.on('error', () => socket.destroy())
        socket.on('close', () => other.destroy())
      }
    })
    // A client that refuses the certificate is what is tested.
    server.on('tlsClientError', () => {})
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `rediss://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    server?.close()
    await redis?.stop()
    if (folder) rmSync(folder, { recursive: true })
  })

  test('a certificate that nobody vouches for is refused', async () => {
    const cache = createCache({ url, timeoutMs: 5_000, logger: { warn: () => {} } })
    await cache.set('a', 1)
    expect(await cache.get('a')).toBe(null)
    expect(cache.status()).toMatchObject({
      state: 'down',
      lastError: expect.stringContaining('self-signed certificate'),
    })
    await cache.close()
  })

  test('with a certificate that is trusted it works', async () => {
    const script = `
      import { createCache } from '@backchannel/cache'
      const cache = createCache({ url: process.env.VALKEY_URL, timeoutMs: 5000 })
      await cache.set('a', 1, 60)
      const { state, lastError } = cache.status()
      console.log(await cache.get('a'), state, lastError)
      await cache.close()`
    const child = spawn(
      process.execPath,
      ['--conditions=@backchannel/source', '--input-type=module-typescript', '--eval', script],
      {
        cwd: import.meta.dirname,
        env: { PATH: process.env['PATH'], VALKEY_URL: url, NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    let printed = ''
    child.stdout.on('data', (text: Buffer) => (printed += text.toString()))
    await once(child, 'close')
    expect(printed).toBe('1 up null\n')
  })
})
