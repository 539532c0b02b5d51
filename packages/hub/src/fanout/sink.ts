/**
 * What a connection is to the core: somewhere to put bytes. A transport implements it; channel, fan-out, writer and
 * keep-alive know nothing else of a connection.
 */
export interface Sink {
  /**
   * Takes whole messages, framed and final; one call is one write to the peer. The buffers are shared with other
   * sinks and must not be changed; the array belongs to the caller and is reused after the call. Calls nobody back.
   */
  write(batch: readonly Uint8Array[]): void
  /** Bytes that were taken and that the peer's side of the kernel has not. */
  readonly bytesQueued: number
  /** Ends the connection after what was written. Nothing is written after it. Called once, calls nobody back. */
  close(code: number, reason: string): void
}
