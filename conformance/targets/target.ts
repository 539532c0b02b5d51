import type { ServerConfig } from '../config.ts'

const capabilities = [
  'proxies of v6',
  'unidirectional connections of v6',
  'unidirectional codes',
  'silent disconnections',
  'tags filter',
  'auto cache recovery',
  'previous keys',
] as const

/** What a server may lack (of v5: what it has no options for); cases that need it are skipped, visibly, where it is not. */
export type Capability = (typeof capabilities)[number]

export const allCapabilities: ReadonlySet<Capability> = new Set(capabilities)

export interface RunningServer {
  /** `ws://127.0.0.1:<port>/connection/websocket` */
  wsUrl: string
  /** `http://127.0.0.1:<port>/api` */
  apiUrl: string
  apiKey: string
  /** What it identifies itself with when the URLs are wss and https; PEM. */
  certificate?: string
  /** The HS256 key of connection and subscription tokens. */
  tokenKey: string
  stop(): Promise<void>
}

/** A key and a certificate, PEM. */
export interface Identity {
  key: string
  cert: string
}

export interface Target {
  /** Prefix of the test names, and what differences are listed under. */
  name: string
  /** Why it can't run on this machine. */
  unavailable?: string
  capabilities: ReadonlySet<Capability>
  /** Starts a server of its own with this configuration, v6 shape. */
  start(config: ServerConfig): Promise<RunningServer>
}
