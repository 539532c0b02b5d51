import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { madeOnce } from './made-once.ts'

/** Of `PGlite`, whose package each workspace imports itself. */
interface Dumpable {
  dumpDataDir(compression: 'none'): Promise<Blob>
  close(): Promise<void>
}

/** What an empty PGlite holds, for `loadDataDir`: to make one takes seconds, to load it a tenth of that. */
export async function pgliteData(create: () => Promise<Dumpable>): Promise<Blob> {
  const folder = await madeOnce('pglite', [], async (draft) => {
    const pglite = await create()
    writeFileSync(join(draft, 'data.tar'), await (await pglite.dumpDataDir('none')).bytes())
    await pglite.close()
  })
  return new Blob([readFileSync(join(folder, 'data.tar'))])
}
