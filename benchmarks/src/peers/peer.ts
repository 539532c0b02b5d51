import type { EngineOptions } from '../engine-config.ts'

/** An HTTP POST that publishes. In the body, eight number signs stand where a sequence number goes. */
export interface Call {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** How many publications one request makes. With one placeholder only, the server counts on from it. */
  readonly publications: number
}

/** The protocols that the load generator speaks; one type each in loadgen/wire*.go. */
export type Wire =
  | 'centrifugo-json'
  | 'centrifugo-protobuf'
  | 'centrifugo-delta'
  | 'centrifugo-deflate'
  | 'centrifugo-http-stream'
  | 'centrifugo-sse'
  | 'socket.io'
  | 'text'

/** A server under test. Every peer is one file of this shape; the load generator does the rest. */
export interface Peer {
  readonly name: string
  readonly title: string
  /** Its settings in a sentence, for the report. */
  readonly settings: string
  /** Why it can't be started here; undefined when it can. */
  missing(): Promise<string | undefined>
  start(options: StartOptions): Promise<RunningPeer>
}

export interface StartOptions extends EngineOptions {
  /** A folder for the CPU profile of a Node server, written when it stops. */
  readonly cpuProfile?: string | undefined
  /** The settings with which it needs least memory for connections that say little. */
  readonly savesMemory?: boolean
}

export interface RunningPeer {
  readonly version: string
  /** All processes of the server: their CPU time is what is measured. */
  readonly pids: readonly number[]
  /** `127.0.0.1:<port>`, for subscribers and publishes alike. */
  readonly address: string
  /** Where the app is, which publishes and renders pages, when the subscribers are connected elsewhere. */
  readonly appAddress?: string
  /** The wire that it is measured with unless a scenario says otherwise. */
  readonly wire: Wire
  /** Where each wire's connections begin, query included. */
  readonly paths: Readonly<Partial<Record<Wire, string>>>
  /** The HS256 key of connection tokens; empty when the peer knows none. */
  readonly tokenKey: string
  /** `inProcess`: publications of one burst are made in one tick. Else a burst is one request of the server's API. */
  readonly bursts: 'inProcess' | 'batch'
  /** Stops the server and waits for its end. May be called twice. */
  stop(): Promise<void>
}
