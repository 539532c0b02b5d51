// A database in the process that is killed with it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { expect, test } from 'vitest'
import { createRelay, pgliteDatabase } from './index.ts'
import { RecordingEngine } from './testing/engines.ts'

test(
  'what a killed process had committed is delivered when its PGlite is opened again',
  { timeout: 60_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'backchannel-pglite-'))
    try {
      const child = spawn(
        process.execPath,
        ['--conditions=@backchannel/source', `${import.meta.dirname}/testing/pglite-writer.ts`],
        { env: { PATH: process.env['PATH'], DATA_DIR: join(folder, 'data') }, stdio: ['ignore', 'pipe', 'inherit'] },
      )
      const ended = once(child, 'exit')
      expect(String((await once(child.stdout, 'data'))[0])).toBe('publishing\n')
      child.kill('SIGKILL')
      await ended
      const pglite = new PGlite(join(folder, 'data'))
      const engine = new RecordingEngine()
      const relay = createRelay({ database: pgliteDatabase(pglite), publisher: engine.publish })
      relay.start()
      await relay.drain()
      expect(engine.data()).toEqual(Array.from({ length: 20 }, (_, n) => n))
      await relay.close()
      await pglite.close()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
)

test('what is no PGlite is refused', () => {
  expect(() => pgliteDatabase({} as never)).toThrow('pgliteDatabase: a PGlite is wanted, not an object')
})
