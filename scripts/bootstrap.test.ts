import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

/** Notes how it was called and installs a Node, as `npm ci` would; fails when a file `offline` is there. */
const npm = `
const { appendFileSync, existsSync, mkdirSync, symlinkSync, rmSync } = require('node:fs')
appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n')
if (existsSync('offline')) process.exit(1)
rmSync('node_modules', { recursive: true, force: true })
mkdirSync('node_modules/.bin', { recursive: true })
symlinkSync(process.execPath, 'node_modules/.bin/node')
`

const installed = 'ci --loglevel=error --no-audit --no-fund\n'
let project = ''

function write(name: string, content: unknown): void {
  writeFileSync(join(project, name), typeof content === 'string' ? content : JSON.stringify(content))
}

function bootstrap() {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(project, 'scripts/bootstrap.mjs')], {
    env: { ...process.env, npm_execpath: join(project, 'npm-cli.js') },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

const calls = () => readFileSync(join(project, 'calls'), 'utf8')

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'backchannel-bootstrap-'))
  mkdirSync(join(project, 'scripts'))
  copyFileSync(join(import.meta.dirname, 'bootstrap.mjs'), join(project, 'scripts/bootstrap.mjs'))
  write('package.json', { optionalDependencies: { [`node-${process.platform}-${process.arch}`]: '24.0.0' } })
  write('package-lock.json', { packages: { '': {}, 'node_modules/ws': { version: '8.0.0' } } })
  write('npm-cli.js', npm)
  write('calls', '')
})

afterEach(() => rmSync(project, { recursive: true }))

test('installs once, and says so', () => {
  const first = bootstrap()
  expect(first).toMatchObject({ status: 0, stderr: '' })
  expect(first.stdout).toContain('npm ci')
  expect(bootstrap()).toEqual({ status: 0, stdout: '', stderr: '' })
  expect(calls()).toBe(installed)
})

test('installs again when the lock file has changed', () => {
  bootstrap()
  write('package-lock.json', { packages: { '': {}, 'node_modules/ws': { version: '8.0.1' } } })
  bootstrap()
  expect(calls()).toBe(installed + installed)
})

test('installs nothing when npm has already installed what the lock file lists', () => {
  bootstrap()
  const packages = { 'node_modules/ws': { version: '8.0.1' } }
  write('package-lock.json', { packages: { '': {}, ...packages } })
  write('node_modules/.package-lock.json', { packages })
  expect(bootstrap()).toEqual({ status: 0, stdout: '', stderr: '' })
  expect(calls()).toBe(installed)
})

test('fails with what to do when npm fails, and tries again next time', () => {
  write('offline', '')
  const failed = bootstrap()
  expect(failed.status).toBe(1)
  expect(failed.stderr).toContain('Without a connection to the npm registry nothing can be installed')
  rmSync(join(project, 'offline'))
  expect(bootstrap().status).toBe(0)
})
