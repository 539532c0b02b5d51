import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import * as stub from './browser-stub.ts'
import * as server from './index.ts'

const sentence = '@backchannel/outbox is server-only. Call it in a server function or a route.'

describe('the browser stub', () => {
  test('has exactly the exports of the server entry', () => {
    expect(Object.keys(stub).sort()).toEqual(Object.keys(server).sort())
    expect(Object.keys(stub)).toContain('publish')
  })

  test.each(Object.entries(stub))('%s throws synchronously and says what to do', (_name, value) => {
    const call = value as unknown as (...args: unknown[]) => unknown
    expect(() => call('a', 'b')).toThrow(new Error(sentence))
  })

  test('has the types of the server entry', () => {
    // Compiles only while both are assignable to each other's types.
    const asServer: typeof server = stub
    const asStub: typeof stub = server
    expect([asServer, asStub]).toHaveLength(2)
  })

  // What the package's own export map answers, built or run from source.
  test.each([
    [[], 'dist/index.js'],
    [['browser'], 'dist/browser-stub.js'],
    [['@backchannel/source'], 'src/index.ts'],
    [['@backchannel/source', 'browser'], 'src/browser-stub.ts'],
  ])('under the conditions %j the entry is %s', (conditions, file) => {
    const flags = conditions.map((condition) => `--conditions=${condition}`)
    const script = "process.stdout.write(import.meta.resolve('@backchannel/outbox'))"
    const url = execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', script], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      timeout: 10_000,
      env: { PATH: process.env['PATH'] },
    })
    expect(url.replace(/^.*\/outbox\//, '')).toBe(file)
  })
})
