import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const repository = join(import.meta.dirname, '../../..')

/**
 * A folder that takes long to make and is the same for many tests, such as an empty database. It is made once for each
 * state of the lock file and of what it is made from, and kept in the repository's cache. It must not be written to.
 * @param name of letters, digits and dashes
 * @param madeFrom patterns of files, from the repository's root
 * @param make fills the folder whose path it gets
 * @returns the path of the folder
 */
export async function madeOnce(
  name: string,
  madeFrom: readonly string[],
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256')
  for (const file of ['package-lock.json', ...globSync(madeFrom, { cwd: repository }).toSorted()]) {
    hash.update(file).update(readFileSync(join(repository, file)))
  }
  const folder = join(repository, '.cache/made-once', `${name}-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(folder)) return folder
  mkdirSync(dirname(folder), { recursive: true })
  // Made beside its place and moved there whole; of several processes that make it at once, one is first.
  const draft = mkdtempSync(`${folder}.`)
  try {
    await make(draft)
    if (!existsSync(folder)) renameSync(draft, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  return folder
}
