import { writeFileSync } from 'node:fs'

import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node'

import { add, nothing, type Outcome } from './outcome.ts'

/** Writes the run's exact counts, and the reason of each skip, to the file that VITEST_OUTCOME names. */
export default class OutcomeReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const file = process.env['VITEST_OUTCOME']
    if (file === undefined) return
    const outcomes = modules.map(moduleOutcome)
    const unhandled: Outcome = { ...nothing, failed: unhandledErrors.length }
    writeFileSync(file, JSON.stringify([...outcomes, unhandled].reduce(add, nothing)))
  }
}

function moduleOutcome(module: TestModule): Outcome {
  const tests = [...module.children.allTests()].map(testOutcome)
  // Hooks and imports fail outside of any test.
  const broken = [module, ...module.children.allSuites()].filter((suite) => suite.errors().length > 0)
  return [...tests, { ...nothing, failed: broken.length }].reduce(add, nothing)
}

function testOutcome(test: TestCase): Outcome {
  const result = test.result()
  switch (result.state) {
    case 'passed':
      return { ...nothing, passed: 1 }
    case 'skipped': {
      const reason = result.note ?? skipReason(test)
      return { ...nothing, skipped: [{ test: `${test.project.name} > ${test.fullName}`, reason }] }
    }
    default:
      return { ...nothing, failed: 1 }
  }
}

function skipReason(test: TestCase): string {
  let at: TestCase | TestSuite | TestModule = test
  for (;;) {
    const { skipReason: reason } = at.meta()
    if (reason !== undefined) return reason
    if (at.type !== 'test' && at.errors().length > 0) return 'what comes before it failed'
    if (at.type === 'module') return 'no reason given'
    at = at.parent
  }
}
