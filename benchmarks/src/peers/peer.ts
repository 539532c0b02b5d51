/** An HTTP POST that publishes. In the body, eight number signs stand where a sequence number goes. */
export interface Call {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** How many publications one request makes. With one placeholder only, the server counts on from it. */
  readonly publications: number
}

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

export interface StartOptions {
  /** What is published, as JSON text with a placeholder. */
  readonly payload: string
  /** Publications per burst. */
  readonly burst: number
  /** A folder for the CPU profile of a Node server, written when it stops. */
  readonly cpuProfile?: string | undefined
}

export interface RunningPeer {
  readonly version: string
  /** All processes of the server: their CPU time is what is measured. */
  readonly pids: readonly number[]
  /** `127.0.0.1:<port>`, for subscribers and publishes alike. */
  readonly address: string
  /** The path of the WebSocket endpoint, query included. */
  readonly path: string
  readonly wire: 'centrifugo-json' | 'socket.io'
  /** The HS256 key of connection tokens; empty when the peer knows none. */
  readonly tokenKey: string
  /** One publication over HTTP. */
  readonly publish: Call
  /** `burst` publications that the server makes in one tick, or in as few as its API allows. */
  readonly burst: Call
  /** Stops the server and waits for its end. May be called twice. */
  stop(): Promise<void>
}
