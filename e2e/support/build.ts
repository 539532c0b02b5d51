import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { databaseTemplate, repository, SandboxServer } from './sandbox-server.ts'

/**
 * The tests run the built app; it is built when a source is newer. A database takes PGlite seconds to make, so it is
 * made once here, and each server of the tests gets a copy.
 */
export default async function build(): Promise<void> {
  execFileSync(process.execPath, [path.join(repository, 'scripts/build-sandbox.ts')], { stdio: 'inherit' })

  const server = await SandboxServer.start({ freshDatabase: true })
  await server.end()
  rmSync(databaseTemplate, { recursive: true, force: true })
  mkdirSync(path.dirname(databaseTemplate), { recursive: true })
  cpSync(path.join(server.dataDir, 'pglite'), databaseTemplate, { recursive: true })
  await server.remove()
}
