import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { expect, test } from 'vitest'

interface LockedPackage {
  optionalDependencies?: { [name: string]: string }
  resolved?: string
}

const file = join(dirname(import.meta.dirname), 'package-lock.json')
const { packages }: { packages: { [path: string]: LockedPackage } } = JSON.parse(readFileSync(file, 'utf8'))

/** Node's look-up: beside the package, then beside each package around it. */
function isLocked(name: string, from: string): boolean {
  const path = from === '' ? `node_modules/${name}` : `${from}/node_modules/${name}`
  if (path in packages) return true
  return from !== '' && isLocked(name, from.slice(0, Math.max(from.lastIndexOf('/node_modules/'), 0)))
}

// A registry that doesn't serve a platform's package makes `npm install` leave it out of the lock file, and `npm ci`
// then refuses the whole file, on every platform.
test('the lock file holds the optional packages of every platform', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isLocked(name, path)),
  )
  expect(missing).toEqual([])
})

test('the lock file names no registry', () => {
  expect(Object.values(packages).filter(({ resolved }) => resolved?.includes('://'))).toEqual([])
})
