/**
 * An app with its relay, as a process that kills itself: KILL_POINT says where, KILL_VISIT at which visit there. Without
 * them it is its parent that kills it, or it delivers what waits and ends by itself (LAST=1).
 * SLOW: milliseconds that each publish takes beside its own.
 * DATABASE_URL: where it writes. PORT: its own hub listens there; without it CENTRIFUGO_* lead to its parent's.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createHub } from '@backchannel/hub'
import { serverApi } from '@backchannel/realtime'
import { Pool } from 'pg'
import {
  createRelay,
  type OutboxDatabase,
  pgDatabase,
  publish,
  type PublishFunction,
  transaction,
} from '../../index.ts'
import { hubConfig, type KillPoint, rooms } from './shared.ts'

const { DATABASE_URL, PORT, KILL_POINT, KILL_VISIT = '1', LAST, SLOW = '0' } = process.env

let visits = 0
function at(point: KillPoint): void {
  if (point === KILL_POINT && ++visits >= Number(KILL_VISIT)) process.kill(process.pid, 'SIGKILL')
}

/** The statement is on its way and is carried out; nothing that was put off to the end of this tick is done. */
async function dieInTheSameTick(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => process.nextTick(resolve))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
  at('during delete')
}

const pool = new Pool({ connectionString: DATABASE_URL, max: 8 })
const inner = pgDatabase(pool)
const database: OutboxDatabase = {
  ...inner,
  async query(text, values) {
    const isDelete = text.includes('delete from') && Array.isArray(values[3]) && values[3].length > 0
    if (isDelete) at('before delete')
    const answering = inner.query(text, values)
    if (isDelete && KILL_POINT === 'during delete') await dieInTheSameTick()
    const answer = await answering
    if (text.startsWith('insert into "outbox_leases"') && answer.rows.length > 0) at('after claim')
    if (isDelete) at('after delete')
    return answer
  },
}
const api = serverApi()
const publisher: PublishFunction = async (_method, request) => {
  at('before publish')
  if (SLOW !== '0') await sleep(Number(SLOW))
  const answer = await api.publish(request as { channel: string; data: unknown })
  at('after publish')
  return answer
}

async function write(room: string): Promise<void> {
  const { rows } = await pool.query<{ next: number }>(
    'select coalesce(max(n), 0)::integer + 1 as next from messages where room = $1',
    [room],
  )
  for (let n = rows[0]?.next ?? 1; ; n++) {
    const roll = Math.random()
    const uid = randomUUID()
    const rolledBack = new Error('rolled back')
    const work = transaction(pool, async (tx) => {
      await tx.query('insert into messages (uid, room, n) values ($1, $2, $3)', [uid, room, n])
      await publish(tx, room, { uid, n })
      at('after insert')
      if (roll < 0.1) throw rolledBack
    })
    await work.then(
      () => at('after commit'),
      (error: unknown) => {
        if (error !== rolledBack) throw error
        n--
      },
    )
    await sleep(roll * 5)
  }
}

if (PORT !== undefined) {
  const server = createServer()
  createHub({ config: hubConfig }).attach(server)
  server.listen(Number(PORT), '127.0.0.1')
  await once(server, 'listening')
}
process.send?.('ready')
// What is published before somebody has subscribed is nobody's.
await once(process, 'message')
const relay = createRelay({ database, publisher, leaseDuration: 500, batchSize: 5 })
relay.start()
if (LAST === '1') {
  await relay.drain()
  await relay.close()
  process.exit(0)
}
await Promise.all(rooms.map(write))
