/**
 * Why a server call failed:
 * - `disabled`: neither Centrifugo's variables are set nor does a hub run in this process
 * - `misconfigured`: `CENTRIFUGO_API_URL` is no URL to send a request to
 * - `unserialisable`: the data has no JSON form
 * - `network`: the server was not reached, or the connection broke
 * - `timeout`: no whole answer within the limit
 * - `status`: an HTTP status outside 200 to 299 (`status`)
 * - `malformed`: an answer that is not the API's JSON
 * - `rejected`: the server answered with an error (`code`)
 * - `internal`: the hub threw
 */
export type FailureReason =
  | 'disabled'
  | 'misconfigured'
  | 'unserialisable'
  | 'network'
  | 'timeout'
  | 'status'
  | 'malformed'
  | 'rejected'
  | 'internal'

/** A server call that failed. The message holds no payload, no key and no token, so it can be logged as it is. */
export class RealtimeError extends Error {
  override readonly name = 'RealtimeError'
  readonly reason: FailureReason
  /** The server API's error code, such as 102 for an unknown channel. */
  readonly code: number | undefined
  /** The HTTP status, where it was not 2xx. */
  readonly status: number | undefined

  constructor(
    reason: FailureReason,
    message: string,
    facts: { code?: number | undefined; status?: number | undefined } = {},
  ) {
    super(message)
    this.reason = reason
    this.code = facts.code
    this.status = facts.status
  }
}
