/** What a stage of the test run came to. */
export interface Outcome {
  passed: number
  failed: number
  skipped: Skip[]
}

export interface Skip {
  test: string
  reason: string
}

export const nothing: Outcome = { passed: 0, failed: 0, skipped: [] }

export function add(one: Outcome, other: Outcome): Outcome {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: [...one.skipped, ...other.skipped],
  }
}
