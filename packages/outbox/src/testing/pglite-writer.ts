/** An app with PGlite in the folder DATA_DIR: it writes, begins to deliver to an engine that never answers, and is killed. */
import { PGlite } from '@electric-sql/pglite'
import { createRelay, outboxSchema, pgliteDatabase, publish, transaction } from '../index.ts'

const pglite = new PGlite(process.env['DATA_DIR'] ?? '')
await pglite.exec(outboxSchema())
for (let n = 0; n < 20; n++) await transaction(pglite, (tx) => publish(tx, 'room:1', n))
createRelay({
  database: pgliteDatabase(pglite),
  leaseDuration: 500,
  publisher: () => {
    process.stdout.write('publishing\n')
    return new Promise(() => {})
  },
}).start()
