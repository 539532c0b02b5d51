/** What a client of an emulated connection says, in a request of its own. */
export interface EmulationRequest {
  /** The hub that holds the session. */
  node: string
  /** The session's key. */
  session: string
  /** A frame, as it would come over a WebSocket; undefined where JSON holds something else in its place. */
  data?: Uint8Array
}
