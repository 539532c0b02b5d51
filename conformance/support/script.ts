/**
 * Raw scripts: what is sent on a bare WebSocket or as a plain HTTP request, and where to wait. What comes back is
 * not written here: it is recorded from the real server and compared.
 *
 * Texts may hold placeholders, filled in when the step runs:
 * `$N` a name of this script's own (for channels and users), `$TOKEN` a good connection token for the user `$N`,
 * `$EPOCH` the epoch, `$CLIENT` the client id, `$SESSION` and `$NODE` those that were seen last, `$HOST` host and port
 * of the server, `$APIKEY`.
 */
import type { OutgoingHttpHeaders } from 'node:http'

import type { ServerConfig } from '../config.ts'
import type { Capability } from '../targets/target.ts'
import type { KeyName } from './keys.ts'
import type { OpenOptions } from './raw-socket.ts'
import type { Framing } from './raw-stream.ts'
import type { Claims } from './tokens.ts'

/** A claim that is worked out when the token is signed. */
export type LateClaim = () => unknown

export interface TokenSpec {
  /** Texts may hold placeholders too. */
  claims: Claims
  key?: string
  header?: Claims
  /** Signs with this private key, as the header's `alg` says. */
  by?: KeyName
}

export interface HttpRequest {
  method: string
  /** From the server's root. */
  path: string
  headers?: OutgoingHttpHeaders
  body?: string | Buffer
  /** Headers of the response that are written down. */
  tell?: readonly string[]
}

export type Step =
  | { do: 'open'; options: OpenOptions }
  | { do: 'send'; text: string; tokens: Record<string, TokenSpec> }
  | { do: 'bytes'; bytes: Buffer; binary: boolean }
  | { do: 'receive'; count: number }
  | { do: 'settle' }
  | { do: 'closed' }
  | { do: 'hangUp' }
  | { do: 'http'; request: HttpRequest }
  | { do: 'stream'; request: HttpRequest; framing: Framing }
  | { do: 'fill'; channel: string; count: number }
  | { do: 'pause'; milliseconds: number; because: string }

export interface Script {
  name: string
  steps: Step[]
  /** What it shows is a matter of WebSocket. */
  isAboutWebSocket?: boolean
}

/** The script, for WebSocket alone. */
export const onWebSocket = (one: Script): Script => ({ ...one, isAboutWebSocket: true })

export interface Topic {
  name: string
  /** Changes to the suite's configuration. `$BACKEND` becomes the URL of an app that is asked by proxies. */
  config?: ServerConfig
  /** Its scripts go every way there is, not only over a WebSocket with JSON: where they can, see `waysOf`. */
  isEverywhere?: boolean
  needs?: Capability
  scripts: Script[]
}

/** Opens the socket with these options; without this step a script begins with a plain one. */
export const open = (options: OpenOptions = {}): Step => ({ do: 'open', options })

/** One text frame. `tokens` are further placeholders, `$NAME` → a token signed when the step runs. */
export const send = (text: string, tokens: Record<string, TokenSpec> = {}): Step => ({ do: 'send', text, tokens })

/** One binary frame. */
export const binary = (bytes: Buffer): Step => ({ do: 'bytes', bytes, binary: true })

/** One text frame of bytes that need not be UTF-8. */
export const textBytes = (bytes: Buffer): Step => ({ do: 'bytes', bytes, binary: false })

/** Waits for this many messages (replies or pushes; a frame may hold several). */
export const receive = (count = 1): Step => ({ do: 'receive', count })

/** Waits until the server has answered everything so far: a command with a known reply is sent after it. */
export const settle: Step = { do: 'settle' }

/** Waits until the server has closed the connection. */
export const closed: Step = { do: 'closed' }

/** Closes the connection from this side. */
export const hangUp: Step = { do: 'hangUp' }

/** A plain HTTP request. */
export const http = (request: HttpRequest): Step => ({ do: 'http', request })

/** An HTTP request whose response stays open; `receive` and `closed` then read from it. */
export const stream = (request: HttpRequest, framing: Framing): Step => ({ do: 'stream', request, framing })

/** A call of the server API with the right key; the body goes out as it is written. */
export const api = (method: string, body: string, headers: OutgoingHttpHeaders = {}): Step =>
  http({
    method: 'POST',
    path: `/api/${method}`,
    headers: { 'content-type': 'application/json', 'x-api-key': '$APIKEY', ...headers },
    body,
  })

/** Publishes `{"n":1}` to `{"n":count}` through the server API. */
export const fill = (channel: string, count: number): Step => ({ do: 'fill', channel, count })

/** For what only time can bring about. */
export const pause = (milliseconds: number, because: string): Step => ({ do: 'pause', milliseconds, because })

/** Connects with a good token and waits for the reply. */
export const connect: Step[] = [send('{"id":1,"connect":{"token":"$TOKEN"}}'), receive()]

/** Unix seconds, counted from when the token is signed. */
export const inSeconds =
  (seconds: number, as: (time: number) => unknown = (time) => time): LateClaim =>
  () =>
    as(Math.floor(Date.now() / 1000) + seconds)

export const script = (name: string, ...steps: (Step | Step[])[]): Script => ({ name, steps: steps.flat() })
