import { UnauthorizedError } from 'centrifuge'
import { askTokenSource, type TokenSource } from './token-answer.ts'

/**
 * A token of the source. 401 and 403 end it with the client's UnauthorizedError, after `onRefused`; every other failure
 * is an error that the client retries: a server that is down for a moment must not sign anybody out.
 */
export async function readToken<Context extends { channel?: string }>(
  source: TokenSource<Context>,
  context: Context,
  onRefused: (status: number | undefined) => void,
): Promise<string> {
  try {
    const answer = await askTokenSource(source, context)
    const token = typeof answer === 'string' ? answer : await tokenOf(answer)
    // Centrifuge takes an empty token for none and would connect as nobody.
    if (typeof token !== 'string' || token === '') throw new Error('The token source gave no token')
    return token
  } catch (error) {
    const status = statusOf(error)
    // By name too: an app may have loaded another copy of the client. By class: bundlers shorten names.
    const unauthorized =
      error instanceof UnauthorizedError || (error instanceof Error && error.name === 'UnauthorizedError')
    if (!unauthorized && status !== 401 && status !== 403) throw error
    onRefused(status)
    throw new UnauthorizedError(status === undefined ? 'unauthorized' : `HTTP ${status}`)
  }
}

class TokenResponseError extends Error {
  readonly status: number

  constructor(status: number) {
    super(`The token source answered HTTP ${status}`)
    this.status = status
  }
}

async function tokenOf(response: Response): Promise<unknown> {
  if (!response.ok) throw new TokenResponseError(response.status)
  const body: unknown = await response.json()
  return typeof body === 'object' && body !== null && 'token' in body ? body.token : undefined
}

/** HTTP clients disagree on the name; a thrown Response is one more form. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { status, statusCode } = error as { status?: unknown; statusCode?: unknown }
  if (typeof status === 'number') return status
  return typeof statusCode === 'number' ? statusCode : undefined
}
