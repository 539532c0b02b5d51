// A consumer's database over TLS. The certificate is made here, for a day.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { createOutbox, outboxSchema } from '@backchannel/outbox'
import { findProgram, type PostgresServer, requireServices, startPostgres } from '@backchannel/servers'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { exitCodes } from '../failure.ts'
import { Folder, run, start } from '../testing/cli.ts'

const openssl = findProgram(['openssl'], ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'])
const postgresNeeds = await requireServices('postgres')
const needs = openssl === undefined ? { skip: true, meta: { skipReason: 'openssl is not installed' } } : postgresNeeds

describe('a consumer over TLS', needs, () => {
  let postgres: PostgresServer
  let pool: Pool
  let server: Server
  let dsn: string
  const folder = new Folder()
  const certFile = join(folder.path, 'cert.pem')

  beforeAll(async () => {
    postgres = await startPostgres()
    pool = new Pool({ connectionString: postgres.url, max: 2 })
    pool.on('error', () => {})
    await pool.query(outboxSchema())
    const keyFile = join(folder.path, 'key.pem')
    const subject = ['-subj', '/CN=database.test', '-addext', 'subjectAltName=DNS:database.test']
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    const files = ['-keyout', keyFile, '-out', certFile]
    execFileSync(openssl ?? '', ['req', '-x509', '-days', '1', ...curve, ...subject, ...files], { stdio: 'ignore' })
    const secrets = { key: readFileSync(keyFile), cert: readFileSync(certFile) }
    // Postgres's own way to begin: the client asks for TLS in eight bytes, and is answered S.
    server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.once('data', () => {
        socket.write('S')
        const secure = new TLSSocket(socket, { isServer: true, ...secrets })
        const upstream = connect(postgres.port, '127.0.0.1')
        secure.pipe(upstream).pipe(secure)
        for (const [one, other] of [
          [secure, upstream],
          [upstream, secure],
        ] as const) {
          one.on('error', () => one.destroy())
          one.on('close', () => other.destroy())
        }
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    dsn = `postgres://postgres@127.0.0.1:${(server.address() as AddressInfo).port}/postgres?sslmode=disable`
  })
  afterAll(async () => {
    server?.close()
    await pool?.end()
    await postgres?.stop()
    folder[Symbol.dispose]()
  })

  const args = (tls: object): string[] => {
    const postgresql = { dsn, outbox_table_name: 'outbox', partition_poll_interval: '20ms', tls }
    const config = { consumers: [{ name: 'secure', enabled: true, type: 'postgresql', postgresql }] }
    return ['serve', '-c', folder.write('config.json', config), '--address', '127.0.0.1', '--port', '0']
  }

  test.each([
    ['text', () => readFileSync(certFile, 'utf8')],
    ['base64', () => readFileSync(certFile).toString('base64')],
    ['a file', () => certFile],
  ])('reads with the certificate as %s', async (_, pem) => {
    const running = start(args({ enabled: true, server_ca_pem: pem(), server_name: 'database.test' }))
    try {
      await running.logged('reading an outbox')
      await createOutbox().publish(pool, 'c', 1)
      await vi.waitFor(async () => expect((await pool.query('select from outbox')).rowCount).toBe(0), 5_000)
    } finally {
      running.child.kill('SIGKILL')
      await running.ended
    }
  })

  test.each([
    ['nobody vouches for it', () => ({ enabled: true, server_name: 'database.test' }), /self-signed/],
    ['it is of another name', () => ({ enabled: true, server_ca_pem: certFile }), /altnames/],
    ['its file is missing', () => ({ enabled: true, server_ca_pem: 'missing.pem' }), /a PEM file can't be read/],
  ])('refuses the start when %s', async (_, tls, message) => {
    const { code, stderr } = await run(args(tls()))
    expect(stderr).toMatch(message)
    expect([exitCodes.failed, exitCodes.file]).toContain(code)
  })

  test('takes any certificate when it is told to', async () => {
    const running = start(args({ enabled: true, insecure_skip_verify: true }))
    expect(await running.logged('reading an outbox')).toMatchObject({ consumer: 'secure' })
    running.child.kill('SIGKILL')
    await running.ended
  })
})
