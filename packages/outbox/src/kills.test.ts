// Processes that are killed, or stopped for a while, while they write and deliver.
import { once } from 'node:events'
import { type PostgresServer, requireServices, startPostgres } from '@backchannel/servers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createOutbox } from './index.ts'
import { runKills } from './testing/kills/run.ts'
import { openStage } from './testing/kills/stage.ts'

describe('processes that end without a word', await requireServices('postgres'), () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server?.stop())

  const nothingWrong = { missing: 0, phantoms: 0, disordered: 0, parked: 0 }

  test('while the hub lives on: what was committed is heard exactly once, in order', { timeout: 120_000 }, async () => {
    const report = await runKills(await server.createDatabase(), 'lives on', 9)
    expect(report).toMatchObject({ ...nothingWrong, repeated: 0 })
    expect(report.committed).toBeGreaterThan(10)
    expect(report.heard).toBe(report.committed)
  })

  test('with the hub: what was committed is heard at least once, in order', { timeout: 120_000 }, async () => {
    const report = await runKills(await server.createDatabase(), 'is killed too', 9)
    expect(report).toMatchObject(nothingWrong)
    expect(report.committed).toBeGreaterThan(10)
    // Killed between a publication and its removal, a process that comes back publishes it again: no key outlives a hub.
    expect(report.repeated).toBeGreaterThan(0)
  })

  test('a process that is stopped past its lease, and goes on, repeats nothing', { timeout: 60_000 }, async () => {
    const stage = await openStage(await server.createDatabase(), 'here')
    try {
      const total = 300
      for (let n = 1; n <= total; n++) {
        await createOutbox().publish(stage.pool, 'room:1', { uid: `${n}`, n }, { partition: 0 })
      }
      const first = await stage.startChild({ LAST: '1', SLOW: '5' })
      await vi.waitFor(() => expect(stage.heard.length).toBeGreaterThan(20), 30_000)
      first.kill('SIGSTOP')
      const second = await stage.startChild({ LAST: '1' })
      expect(await once(second, 'exit')).toEqual([0, null])
      expect(stage.heard.length).toBeGreaterThanOrEqual(total)
      first.kill('SIGCONT')
      expect(await once(first, 'exit')).toEqual([0, null])
      expect(stage.heard.map(({ n }) => n)).toEqual(Array.from({ length: total }, (_, n) => n + 1))
    } finally {
      await stage.close()
    }
  })
})
