/** One instance of an app, as a process: DATABASE_URL and VALKEY_URL say where it meets the others. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'pg'
import { createCollabServer, sqlStore } from '../server/index.ts'

const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 4 })
pool.on('error', () => {})
const collab = createCollabServer({
  authorize: () => 'write',
  store: sqlStore((sql, parameters) => pool.query(sql, parameters)),
  compactAfter: 20,
  unloadDelay: 100,
})
const server = createServer()
server.on('upgrade', (request, socket, head) => {
  if (!collab.handleUpgrade(request, socket, head)) socket.destroy()
})
server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
