import { RealtimeError } from './errors.ts'

export interface RetryOptions {
  /** Further attempts after a failure that may pass. */
  readonly retries: number
  /** Pause before each of them, milliseconds. */
  readonly retryDelayMs: number
}

/** What the last attempt came to. No connection, no answer in time, HTTP 500, 502, 503, 504 and error 100 may pass. */
export async function withRetries<T>({ retries, retryDelayMs }: RetryOptions, attempt: () => Promise<T>): Promise<T> {
  for (let failed = 0; ; failed++) {
    try {
      return await attempt()
    } catch (error) {
      if (failed >= retries || !mayPass(error)) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, retryDelayMs))
  }
}

const passingStatuses = new Set([500, 502, 503, 504])
/** What the server answers when something unexpected failed inside it. */
const internalError = 100

function mayPass(error: unknown): boolean {
  if (!(error instanceof RealtimeError)) return false
  if (error.reason === 'network' || error.reason === 'timeout') return true
  if (error.status !== undefined) return passingStatuses.has(error.status)
  return error.reason === 'rejected' && error.code === internalError
}
