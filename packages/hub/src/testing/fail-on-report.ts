/** For rooms that report what nobody expected: in a test nothing is. */
export function failOnReport(error: unknown): void {
  throw error instanceof Error ? error : new Error(String(error))
}
