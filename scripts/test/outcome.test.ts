import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { playwrightOutcome } from './playwright-outcome.ts'
import { strict } from './stages.ts'

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'backchannel-outcome-'))
})

afterEach(() => rmSync(directory, { recursive: true }))

function runVitest(files: { [name: string]: string }): unknown {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content)
  const outcome = join(directory, 'outcome.json')
  const reporter = join(import.meta.dirname, 'vitest-reporter.ts')
  spawnSync('vitest', ['run', '--globals', '--root', directory, '--reporter', reporter], {
    env: { ...process.env, VITEST_OUTCOME: outcome },
  })
  return JSON.parse(readFileSync(outcome, 'utf8'))
}

describe("vitest's reporter", () => {
  test('counts what passed and failed, and gives the reason of each skip', { timeout: 60_000 }, () => {
    const outcome = runVitest({
      'tests.test.js': `
        test('passes', () => {})
        test('fails', () => expect(1).toBe(2))
        test('says why', (context) => context.skip('no wind'))
        test.skip('says nothing', () => {})
        describe('needs a service', { skip: true, meta: { skipReason: 'no Redis' } }, () => test('deep', () => {}))
      `,
    })
    expect(outcome).toEqual({
      passed: 1,
      failed: 1,
      skipped: [
        { test: ' > says why', reason: 'no wind' },
        { test: ' > says nothing', reason: 'no reason given' },
        { test: ' > needs a service > deep', reason: 'no Redis' },
      ],
    })
  })

  test('counts failures outside of tests', { timeout: 60_000 }, () => {
    const outcome = runVitest({
      'hook.test.js': `beforeAll(() => { throw new Error('no') }); test('is left out', () => {})`,
      'import.test.js': `import './missing.js'; test('is never seen', () => {})`,
      'late.test.js': `test('passes', () => { Promise.reject(new Error('nobody listens')) })`,
    })
    expect(outcome).toEqual({
      passed: 1,
      failed: 3,
      skipped: [{ test: ' > is left out', reason: 'what comes before it failed' }],
    })
  })
})

test("Playwright's report: a test that was retried has failed, a skip has its reason", () => {
  const spec = (title: string, status: string, annotations: unknown[] = []) => ({
    title,
    tests: [{ status, annotations, projectName: 'hub' }],
  })
  const report = {
    errors: [{ message: 'the server did not start' }],
    suites: [
      {
        title: 'realtime.spec.ts',
        specs: [spec('passes', 'expected'), spec('fails', 'unexpected'), spec('fails once', 'flaky')],
        suites: [{ title: 'off', specs: [spec('waits', 'skipped', [{ type: 'skip', description: 'no Chromium' }])] }],
      },
    ],
  }
  const file = join(directory, 'report.json')
  writeFileSync(file, JSON.stringify(report))
  expect(playwrightOutcome(file)).toEqual({
    passed: 1,
    failed: 3,
    skipped: [{ test: 'hub > realtime.spec.ts > off > waits', reason: 'no Chromium' }],
  })
})

describe('a stage fails', () => {
  const skipped = [{ test: 'a', reason: 'b' }]

  test.each([
    ['when it ran nothing', { passed: 0, failed: 0, skipped: [] }, 0, 1],
    ['when it failed outside of its tests', { passed: 5, failed: 0, skipped: [] }, 1, 1],
    ['as often as its tests did', { passed: 5, failed: 2, skipped: [] }, 1, 2],
    ['not when everything passed', { passed: 5, failed: 0, skipped }, 0, 0],
    ['not when everything was skipped, which is shown', { passed: 0, failed: 0, skipped }, 0, 0],
  ])('%s', (_case, outcome, code, failed) => {
    expect(strict(outcome, code).failed).toBe(failed)
  })
})
