/**
 * Which engine serves this process. Decided at each call: tests, `.env` files that load late and a hub that starts
 * after the first import all change the answer.
 */
import { currentHub } from '@backchannel/protocol'
import type { Driver } from './driver.ts'
import { createCentrifugoDriver } from './drivers/centrifugo.ts'
import { createHubDriver } from './drivers/hub.ts'
import { RealtimeError } from './errors.ts'
import { warnHalfSet } from './log.ts'

const defaultApiUrl = 'http://localhost:8000/api'
const defaultWsUrl = 'ws://localhost:8000/connection/websocket'

type Variable = 'CENTRIFUGO_TOKEN_HMAC_SECRET' | 'CENTRIFUGO_API_KEY' | 'CENTRIFUGO_API_URL' | 'CENTRIFUGO_WS_URL'

/** An empty value counts as unset. */
function variable(name: Variable): string | undefined {
  return process.env[name] || undefined
}

/**
 * Centrifugo when both its secrets are set, else the hub of this process, else nothing. One of the two decides
 * everything: tokens, publishes and the URL always belong to the same engine.
 */
export function currentDriver(): Driver | undefined {
  const tokenSecret = variable('CENTRIFUGO_TOKEN_HMAC_SECRET')
  const apiKey = variable('CENTRIFUGO_API_KEY')
  if (tokenSecret !== undefined && apiKey !== undefined) {
    return createCentrifugoDriver({
      apiUrl: variable('CENTRIFUGO_API_URL') ?? defaultApiUrl,
      apiKey,
      tokenSecret,
      websocketUrl: variable('CENTRIFUGO_WS_URL') ?? defaultWsUrl,
    })
  }
  if (tokenSecret !== undefined) warnHalfSet('CENTRIFUGO_TOKEN_HMAC_SECRET', 'CENTRIFUGO_API_KEY')
  if (apiKey !== undefined) warnHalfSet('CENTRIFUGO_API_KEY', 'CENTRIFUGO_TOKEN_HMAC_SECRET')
  const hub = currentHub()
  return hub && createHubDriver(hub)
}

/** @throws RealtimeError `disabled` */
export function requireDriver(method: string): Driver {
  const driver = currentDriver()
  if (driver === undefined) {
    throw new RealtimeError(
      'disabled',
      `${method}: realtime is off (no CENTRIFUGO_* variables, no hub in this process)`,
    )
  }
  return driver
}

/**
 * Whether publishes go anywhere: `CENTRIFUGO_TOKEN_HMAC_SECRET` and `CENTRIFUGO_API_KEY` are both set, or a hub runs
 * in this process. Reads the environment at each call; importing starts nothing.
 */
export function isRealtimeEnabled(): boolean {
  return currentDriver() !== undefined
}

/**
 * Where browsers connect to: `CENTRIFUGO_WS_URL` (default `ws://localhost:8000/connection/websocket`), or the hub's own
 * URL. With a hub, the request's own origin is used: `wss:` for an https page; forwarded headers count only when the
 * hub was told to trust its proxy.
 * @throws TypeError for a request that is none of the Fetch API, such as Node's, whatever the engine
 */
export function realtimeWsUrl(request?: Request): string {
  if (request) requireFetchRequest(request)
  return currentDriver()?.websocketUrl(request) ?? variable('CENTRIFUGO_WS_URL') ?? defaultWsUrl
}

/** By its shape: frameworks bring Request classes of their own. */
function requireFetchRequest({ url, headers }: { readonly url?: unknown; readonly headers?: unknown }): void {
  const hasHeaders = typeof (headers as Partial<Headers> | null | undefined)?.get === 'function'
  if (hasHeaders && typeof url === 'string' && URL.canParse(url)) return
  throw new TypeError(
    'realtimeWsUrl: request must be a Fetch API Request with an absolute URL; in a node:http listener make one: ' +
      'new Request(`http://${request.headers.host}${request.url}`)',
  )
}

/** The key of one kind of token. A secret without an API key can still sign: verifying needs no API. */
export function tokenKey(kind: 'connection' | 'subscription'): string {
  const driver = currentDriver()
  if (driver !== undefined) return kind === 'connection' ? driver.tokenKey() : driver.subscriptionTokenKey()
  const secret = variable('CENTRIFUGO_TOKEN_HMAC_SECRET')
  if (secret === undefined) throw new Error('CENTRIFUGO_TOKEN_HMAC_SECRET is not set')
  return secret
}
