/** What the app and the child with the hub say to each other, on the channel of `node:child_process`. */
import type { IncomingHttpHeaders } from 'node:http'

/** A handshake of a WebSocket; its socket comes with it. */
export interface Upgrade {
  readonly kind: 'upgrade'
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** What the client sent behind the handshake, in base64. */
  readonly head: string
}

export interface Publication {
  readonly kind: 'publish'
  readonly id: number
  readonly channel: string
  readonly data: unknown
}

export type ToHub = Upgrade | Publication

/** The answer to the publication of this id. */
export interface ToApp {
  readonly id: number
  readonly error?: string
}
