import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { nothing, type Outcome } from './outcome.ts'
import { playwrightOutcome } from './playwright-outcome.ts'
import { runScript } from './run-script.ts'

/** One part of the test run; each is an npm script of its own as well. */
export interface Stage {
  script: string
  /** How its tests are counted. A check counts as one. */
  kind: 'check' | 'vitest' | 'playwright'
}

export interface StageResult {
  stage: Stage
  outcome: Outcome
  /** What it printed, when it failed. */
  failure: string | undefined
  seconds: number
}

/** Each inner list runs at the same time, the lists one after the other: the tests measure time and want the machine. */
export const stages: readonly (readonly Stage[])[] = [
  [
    { script: 'format:check', kind: 'check' },
    { script: 'lint', kind: 'check' },
    { script: 'typecheck', kind: 'check' },
    { script: 'check:unused', kind: 'check' },
    { script: 'check:package', kind: 'check' },
  ],
  [{ script: 'test:unit', kind: 'vitest' }],
  [{ script: 'test:conformance', kind: 'vitest' }],
  [{ script: 'test:e2e', kind: 'playwright' }],
]

/** Hangs end here; a busy machine with two cores still gets through. */
const timeout = 30 * 60_000

export async function runStage(stage: Stage): Promise<StageResult> {
  const began = performance.now()
  const directory = mkdtempSync(join(tmpdir(), 'backchannel-stage-'))
  const file = join(directory, 'outcome.json')
  const { code, output } = await runScript(stage.script, { ...reporting(stage, file), timeout, directory })
  const outcome = strict(outcomeOf(stage, code, file), code)
  return {
    stage,
    outcome,
    failure: outcome.failed > 0 ? output : undefined,
    seconds: (performance.now() - began) / 1000,
  }
}

function reporting({ kind }: Stage, file: string): { args?: string[]; env?: NodeJS.ProcessEnv } {
  switch (kind) {
    case 'check':
      return {}
    case 'vitest':
      return {
        args: ['--reporter=default', '--reporter=./scripts/test/vitest-reporter.ts'],
        env: { VITEST_OUTCOME: file },
      }
    case 'playwright':
      return { args: ['--reporter=line,json'], env: { PLAYWRIGHT_JSON_OUTPUT_FILE: file } }
  }
}

function outcomeOf({ kind }: Stage, code: number | null, file: string): Outcome {
  if (kind === 'check') return { ...nothing, passed: code === 0 ? 1 : 0 }
  if (!existsSync(file)) return nothing
  return kind === 'vitest' ? JSON.parse(readFileSync(file, 'utf8')) : playwrightOutcome(file)
}

/** A stage that ran nothing, or that failed outside of its tests, counts as one failure. */
export function strict(outcome: Outcome, code: number | null): Outcome {
  const ranNothing = outcome.passed + outcome.failed + outcome.skipped.length === 0
  return outcome.failed === 0 && (ranNothing || code !== 0) ? { ...outcome, failed: 1 } : outcome
}
