import { readFileSync } from 'node:fs'

import type { JSONReport, JSONReportSuite } from '@playwright/test/reporter'

import { add, nothing, type Outcome } from './outcome.ts'

/** Reads what Playwright's JSON reporter wrote. */
export function playwrightOutcome(file: string): Outcome {
  const report: JSONReport = JSON.parse(readFileSync(file, 'utf8'))
  const errors: Outcome = { ...nothing, failed: report.errors.length }
  return [...report.suites.map((suite) => suiteOutcome(suite, [])), errors].reduce(add, nothing)
}

function suiteOutcome(suite: JSONReportSuite, parents: string[]): Outcome {
  const path = [...parents, suite.title]
  const own = suite.specs.flatMap(({ title, tests }) =>
    tests.map(({ status, annotations, projectName }): Outcome => {
      if (status === 'expected') return { ...nothing, passed: 1 }
      // A test that failed before it passed has failed: nothing is retried into green.
      if (status !== 'skipped') return { ...nothing, failed: 1 }
      const skip = annotations.find(({ type, description }) => type === 'skip' && description !== undefined)
      const test = [projectName, ...path, title].filter((name) => name !== '').join(' > ')
      return { ...nothing, skipped: [{ test, reason: skip?.description ?? 'no reason given' }] }
    }),
  )
  return [...own, ...(suite.suites ?? []).map((inner) => suiteOutcome(inner, path))].reduce(add, nothing)
}
