import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { afterEach, expect, test } from 'vitest'

import { madeOnce } from './made-once.ts'

let folder = ''
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('it is made once, also by several at the same time, and nothing else is left', async () => {
  const name = `test-${randomUUID()}`
  let made = 0
  const make = async (draft: string): Promise<void> => {
    writeFileSync(join(draft, 'half'), 'a')
    await Promise.resolve()
    writeFileSync(join(draft, 'whole'), String((made += 1)))
  }
  const folders = await Promise.all([1, 2, 3].map(() => madeOnce(name, [], make)))
  folder = folders[0] ?? ''
  expect(new Set(folders).size).toBe(1)
  expect(readdirSync(folder).toSorted()).toEqual(['half', 'whole'])
  expect(readdirSync(dirname(folder)).filter((entry) => entry.startsWith(name))).toHaveLength(1)

  const before = readFileSync(join(folder, 'whole'), 'utf8')
  const times = made
  expect(await madeOnce(name, [], make)).toBe(folder)
  expect([made, readFileSync(join(folder, 'whole'), 'utf8')]).toEqual([times, before])
})

test('what could not be made is not there, and is made by the next one', async () => {
  const name = `test-${randomUUID()}`
  const failing = madeOnce(name, [], async (draft) => {
    folder = draft
    writeFileSync(join(draft, 'half'), 'a')
    throw new Error('no space')
  })
  await expect(failing).rejects.toThrow('no space')
  expect(existsSync(folder)).toBe(false)
  folder = await madeOnce(name, [], async () => {})
  expect(readdirSync(folder)).toEqual([])
})

test('another one is made from other files', async () => {
  const name = `test-${randomUUID()}`
  folder = await madeOnce(name, ['tools/servers/package.json'], async () => {})
  const other = await madeOnce(name, ['tools/servers/*.json'], async () => {})
  rmSync(other, { recursive: true })
  expect(other).not.toBe(folder)
})
