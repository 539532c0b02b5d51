/** Kills a process that writes and delivers, again and again, and compares what was committed with what was heard. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { killPoints } from './shared.ts'
import { type Heard, openStage } from './stage.ts'

export interface KillReport {
  readonly kills: number
  /** Where, how often. */
  readonly points: Readonly<Record<string, number>>
  readonly committed: number
  /** Of what was committed. */
  readonly heard: number
  /** Committed and never heard. */
  readonly missing: number
  /** Heard and never committed. */
  readonly phantoms: number
  /** Heard again. */
  readonly repeated: number
  /** Heard first after something that was committed later in the same room. */
  readonly disordered: number
  readonly parked: number
}

const anyTime = 'any time'
const places = [...killPoints, anyTime]

/**
 * @param databaseUrl an empty database
 * @param hub lives in the process that lives on, or in the one that is killed
 * @param kills at each of the points in turn, and at any time
 */
export async function runKills(
  databaseUrl: string,
  hub: 'lives on' | 'is killed too',
  kills: number,
): Promise<KillReport> {
  const stage = await openStage(databaseUrl, hub === 'lives on' ? 'here' : 'in the child')
  const { pool, heard } = stage
  const points = new Map<string, number>()
  try {
    for (let kill = 0; kill < kills; kill++) {
      const point = places[kill % places.length] ?? anyTime
      const visit = String(1 + Math.floor(Math.random() * 12))
      const child = await stage.startChild(point === anyTime ? {} : { KILL_POINT: point, KILL_VISIT: visit })
      const exit = once(child, 'exit')
      if (point === anyTime) setTimeout(() => child.kill('SIGKILL'), 50 + Math.random() * 300)
      const [code, signal] = (await exit) as [number | null, NodeJS.Signals | null]
      if (signal !== 'SIGKILL') throw new Error(`the child ended with ${code} and was not killed ${point}`)
      points.set(point, (points.get(point) ?? 0) + 1)
    }
    const last = await stage.startChild({ LAST: '1' })
    const [code] = (await once(last, 'exit')) as [number | null]
    if (code !== 0) throw new Error(`the last child ended with ${code}`)

    const { rows: committed } = await pool.query<{ uid: string }>('select uid from messages')
    const { rows: parked } = await pool.query('select from outbox_parked')
    const missing = () => {
      const delivered = new Set(heard.map(({ uid }) => uid))
      return committed.filter(({ uid }) => !delivered.has(uid)).length
    }
    // What was published last may still be on its way.
    for (let tries = 0; tries < 100 && missing() > 0; tries++) await sleep(20)
    const uids = new Set(committed.map(({ uid }) => uid))
    const delivered = new Set(heard.map(({ uid }) => uid))
    return {
      kills,
      points: Object.fromEntries(points),
      committed: uids.size,
      heard: uids.size - missing(),
      missing: missing(),
      phantoms: [...delivered].filter((uid) => !uids.has(uid)).length,
      repeated: heard.length - delivered.size,
      disordered: disorder(heard),
      parked: parked.length,
    }
  } finally {
    await stage.close()
  }
}

function disorder(heard: readonly Heard[]): number {
  const last = new Map<string, number>()
  const seen = new Set<string>()
  let count = 0
  for (const { room, uid, n } of heard) {
    if (seen.has(uid)) continue
    seen.add(uid)
    if (n !== (last.get(room) ?? 0) + 1) count++
    last.set(room, n)
  }
  return count
}
