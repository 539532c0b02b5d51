/**
 * Why something failed. Codes:
 * - `connection`: the connection broke or did not come about; it is tried again
 * - `bad_data`: an event whose data is not JSON was left out
 * - `closed`: a join that `close()`, `leave()` or the server's leaving overtook
 * - `unknown_channel`, `refused`, `limit`, `bad_envelope`, `internal`: the server's answer to a join
 */
export class EventsError extends Error {
  override readonly name = 'EventsError'
  readonly code: string
  /** The channel that it is about. */
  readonly channel: string | undefined
  /** With `connection`: the WebSocket's close code, 1006 when there was none. */
  readonly closeCode: number | undefined

  constructor(code: string, message: string, about: { channel?: string | undefined; closeCode?: number } = {}) {
    super(message)
    this.code = code
    this.channel = about.channel
    this.closeCode = about.closeCode
  }
}
