import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import * as server from './index.ts'

const readme = readFileSync(`${import.meta.dirname}/../README.md`, 'utf8')

test("the README's first example runs as it is, and ends by itself", () => {
  const [, code] = /```ts\n([\s\S]*?)```/.exec(readme) ?? []
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=@backchannel/source', '--input-type=module-typescript', '--eval', code ?? ''],
    { cwd: import.meta.dirname, encoding: 'utf8', timeout: 10_000, env: { PATH: process.env['PATH'] } },
  )
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "received { text: 'Hello' }\n", stderr: '' })
})

test('the README names every export of the server entry', () => {
  expect(Object.keys(server).filter((name) => !readme.includes(name))).toEqual([])
})
