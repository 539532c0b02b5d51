import { execFile } from 'node:child_process'
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { Client } from 'pg'

import { type Availability, findProgram, isExecutable } from './availability.ts'
import { type RunningServer, startServer } from './server-process.ts'

const run = promisify(execFile)

export interface PostgresOptions {
  /** A fixed port; without it a free one is chosen. */
  port?: number
}

export interface PostgresServer extends RunningServer {
  /** `postgres://postgres@127.0.0.1:<port>/postgres` */
  readonly url: string
  /** Creates an empty database and gives its URL. Without a name it gets one of its own. */
  createDatabase(name?: string): Promise<string>
}

/** The folder with `postgres` and `initdb`: POSTGRES_BIN, PATH, then where Debian, Fedora and Homebrew put them. */
function findPostgres(): string | undefined {
  const chosen = process.env['POSTGRES_BIN']
  if (chosen !== undefined && chosen !== '') return isExecutable(join(chosen, 'initdb')) ? chosen : undefined
  const file = findProgram(
    ['initdb'],
    [...versionFolders('/usr/lib/postgresql'), '/usr/pgsql/bin', '/opt/homebrew/opt/postgresql/bin'],
  )
  return file === undefined ? undefined : dirname(file)
}

/** Debian keeps one folder per major version; the newest comes first. */
function versionFolders(parent: string): string[] {
  try {
    return readdirSync(parent)
      .toSorted((a, b) => Number(b) - Number(a))
      .map((version) => join(parent, version, 'bin'))
  } catch {
    return []
  }
}

/** Postgres refuses to run as root, so root runs it as `postgres` or `nobody`. */
async function unprivilegedUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])])
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
    } catch {
      // This user doesn't exist here.
    }
  }
  throw new Error('Postgres refuses to run as root, and there is no user `postgres` or `nobody` to run it as')
}

export async function postgresAvailable(): Promise<Availability> {
  return findPostgres() === undefined
    ? { ok: false, reason: 'Postgres is not installed (install `postgresql`, or set POSTGRES_BIN to its bin folder)' }
    : { ok: true }
}

async function query(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  // A server that is killed under an idle client is what some tests are about.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/**
 * Starts a Postgres with an empty cluster of its own. It trusts whoever connects from this machine and does not wait
 * for the disk: made for tests. Throws when Postgres is not installed.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const bin = findPostgres()
  if (bin === undefined) throw new Error('Postgres is not installed')
  const identity = await unprivilegedUser()
  const directory = mkdtempSync(join(tmpdir(), 'backchannel-postgres-'))
  if (identity !== undefined) chownSync(directory, identity.uid, identity.gid)
  const data = join(directory, 'data')
  const env = { ...process.env, PGDATA: data, LC_ALL: 'C.UTF-8' }
  const initialised = run(
    join(bin, 'initdb'),
    ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--no-sync', '--no-instructions'],
    { env, cwd: directory, ...identity },
  )
  await initialised.catch((error: unknown) => {
    rmSync(directory, { recursive: true, force: true })
    throw error
  })
  const urlOf = (port: number, database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', 'full_page_writes=off']
  const server = await startServer({
    name: 'Postgres',
    directory,
    command: (port) => ({
      file: join(bin, 'postgres'),
      args: ['-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    }),
    env,
    identity,
    // SIGTERM waits for clients to leave; SIGINT, Postgres's "fast shutdown", rolls back and disconnects them.
    stopSignal: 'SIGINT',
    guardSignal: 'QUIT',
    async isReady(port) {
      await query(urlOf(port, 'postgres'), 'select 1')
      return true
    },
    port: options.port,
  })
  let created = 0
  const url = urlOf(server.port, 'postgres')
  return Object.assign(server, {
    url,
    async createDatabase(name = `test_${(created += 1)}`) {
      await query(url, `create database "${name.replaceAll('"', '""')}"`)
      return urlOf(server.port, name)
    },
  })
}
