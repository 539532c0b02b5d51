import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import {
  currentHub,
  occupyHubSlot,
  vacateHubSlot,
  type HubSlot,
  type ServerApiBatchCommand,
  type ServerApiBatchReply,
  type ServerApiBatchRequest,
  type ServerApiMethod,
  type ServerApiReply,
  type ServerApiRequest,
} from '@backchannel/protocol'
import { NodeAdapter } from './adapters/node.ts'
import { apiErrorOf } from './api/api-errors.ts'
import type { PublishOutcome } from './broker/broker.ts'
import { systemClock } from './clock.ts'
import {
  checkChannelRules,
  checkConfig,
  checkHandlers,
  checkOptions,
  type ChannelRules,
  type CheckedConfig,
} from './config/config.ts'
import { hasTokenKey } from './config/token.ts'
import { Core, type PublishRequest } from './core.ts'
import type { HubHandlers } from './handlers.ts'
import { consoleLogger, type Logger } from './logger.ts'
import type { HubMetrics } from './telemetry/metrics.ts'
import { isPromise, mapLimited, type MaybePromise } from './maybe-promise.ts'
import { MemoryBroker } from './broker/memory-broker.ts'
import type { HubOptions } from './options.ts'
import { invalidateUserTokens, revokeToken } from './tokens/revocation.ts'
import type { InvalidateOptions, RevokeOptions } from './tokens/revocations.ts'
import { publishPayload, toPayload } from './payloads.ts'
import { MemoryPresence } from './broker/presence.ts'
import type { TraceOptions, TraceTarget } from './telemetry/trace.ts'
import {
  BadApiRequest,
  commandMethods,
  JsonText,
  maxParallel,
  runApiMethod,
  type PayloadSource,
} from './api/server-api.ts'

/** What a publication may take along. */
export interface PublishOptions {
  /** A repeat within five minutes answers the first result and publishes nothing. */
  idempotencyKey?: string
  tags?: Record<string, string>
  skipHistory?: boolean
  /** Subscribers with delta may get it as a patch; also where the namespace's `delta_publish` says so. */
  delta?: boolean
  /** With history: skipped unless above the version stored last. */
  version?: number
  versionEpoch?: string
}

/** Numbers that go up and down with what is alive; all zero in a hub that nobody uses and that has been closed. */
export interface HubGauges {
  /** Open and closing ones; a session ends before its socket. */
  readonly sockets: number
  readonly sessions: number
  readonly users: number
  readonly channels: number
  readonly subscriptions: number
  /** Planned alarms: pings, limits, expiries. */
  readonly alarms: number
  /** What waits for the end of the tick. */
  readonly waiting: number
}

export interface CloseOptions {
  /** Milliseconds over which the clients are told, so that they don't all come back at once. @default 0 */
  spreadMs?: number
}

/** The embedded hub: Centrifugo's client protocol and server API inside this process. */
export interface Hub {
  /** New with every hub. */
  readonly id: string
  /**
   * Publishes to everybody who is subscribed. Synchronous with the memory broker. `data` is serialised at once: what
   * happens to the object afterwards changes nothing. What `encodeJson` gave is taken as it is. Bytes that are no JSON
   * only reach clients that speak Protobuf.
   * @returns where it came to stand; offset 0 without history
   * @throws TypeError when `data` has no JSON form or a tag is not text
   * @throws ReplyError 102 when the channel's namespace is not configured
   * @throws Error when the hub is closed
   */
  publish(channel: string, data: unknown, options?: PublishOptions): MaybePromise<PublishOutcome>
  /** One method of the server API, with the wire's names; answers `{result}` or `{error}`. */
  call<M extends ServerApiMethod>(method: M, request: ServerApiRequest<M>): MaybePromise<ServerApiReply<M>>
  /** Several at once. */
  batch(request: ServerApiBatchRequest): Promise<ServerApiBatchReply>
  /** Replaces the app's handlers; open connections stay and obey the new ones. */
  setHandlers(handlers: HubHandlers): void
  /** Replaces all channel options; open subscriptions stay, new ones obey the new options. @throws ConfigError */
  setChannelOptions(rules: ChannelRules): void
  /**
   * No longer takes the token with this id (`jti`), and ends what was opened with it: its client asks for a new token.
   * Known to this hub alone, and to it only while it runs.
   * @throws TypeError for no id, or a time that is none
   * @throws RangeError when nothing more can be remembered
   */
  revokeToken(id: string, options?: RevokeOptions): void
  /**
   * The same of a user's tokens that were issued before a time; those that don't say when (`iat`) are among them.
   * @throws as `revokeToken`
   */
  invalidateUserTokens(user: string, options?: InvalidateOptions): void
  /**
   * Answers a request that is the hub's (`POST /api/publish`, `/connection/sse`, …); false leaves it to the app. Ask it
   * before anything reads the request's body.
   */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean
  /** Answers commands of the API's older form (`{"method", "params"}`), asking for no key: the caller has let them in. */
  handleAdminApi(request: IncomingMessage, response: ServerResponse): void
  /** Takes an upgrade that is the hub's (`/connection/websocket`, …); false leaves it to the app. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /** Both of them in front of a server's own listeners. @returns a function that takes it back */
  attach(server: HttpServer | HttpsServer): () => void
  /**
   * Where browsers connect to; with a request, at the origin that the page came from.
   * @throws TypeError for a request that is none of the Fetch API, such as Node's
   */
  websocketUrl(request?: Request): string
  gauges(): HubGauges
  /**
   * What has happened so far and what is alive, for Prometheus, under Centrifugo's names. Guard the route that answers
   * with it: the numbers tell how much the app is used.
   */
  metrics(): Promise<HubMetrics>
  /**
   * Follows one client, one user or one channel: every command, reply, push, publication and end, until the function
   * that it returns is called. Tokens and keys are left out; what people write is not.
   * @throws TypeError for a target that is none
   * @throws RangeError when there are 16 traces already
   */
  trace(target: TraceTarget, options?: TraceOptions): () => void
  /** Whether new connections are taken: false from the moment that `close` is called. What a health check answers. */
  readonly isOpen: boolean
  /** Tells every client to come back later (3001) and closes. Resolves when the connections are gone. */
  close(options?: CloseOptions): Promise<void>
}

/**
 * Starts a hub. Nothing is allowed but what `config` and `handlers` allow.
 * @throws ConfigError for an option that is unknown or has a wrong value
 */
export function createHub(options: HubOptions = {}): Hub {
  checkOptions(options)
  const config = checkConfig(options.config ?? {})
  checkHandlers(options.handlers ?? {}, config)
  const { token: keys, subscription_token: ownKeys } = config.client
  // Without a key no token could be issued: one of its own, which lives as long as the process.
  if (!hasTokenKey(keys)) {
    keys.hmac_secret_key = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
  }
  const clock = options.clock ?? systemClock
  const core = new Core({
    config,
    clock,
    handlers: options.handlers ?? {},
    logger: options.logger ?? consoleLogger,
    broker: options.broker ?? new MemoryBroker(clock),
    presence: options.presence ?? new MemoryPresence(),
    ...(options.handlerTimeout === undefined ? {} : { handlerTimeout: options.handlerTimeout }),
  })
  warnOfInsecure(config.client, core.logger)
  const trustProxy = options.trustProxy ?? false
  const origins = { allowed: config.client.allowed_origins, sameOrigin: options.sameOrigin ?? true, trustProxy }
  const adapter = new NodeAdapter(core, origins, options.standalone ?? false)
  let server: HttpServer | HttpsServer | undefined

  const call = <M extends ServerApiMethod>(method: M, request: ServerApiRequest<M>): MaybePromise<ServerApiReply<M>> =>
    callApi(core, method, request)

  // Once, however often the hub is closed: stores are closed only once.
  let closing: Promise<void> | undefined
  const close = async ({ spreadMs = 0 }: CloseOptions): Promise<void> => {
    vacateHubSlot(slot)
    if (spreadMs > 0) await core.drain(spreadMs)
    core.shutdown()
    await adapter.drained()
    await core.close()
  }

  const hub: Hub = {
    id: core.id,
    publish: (channel, data, options) =>
      core.publish(channel, options ? publishRequest(data, options) : { data: publishPayload(data) }),
    call,
    batch: (request) => runBatch(call, request),
    setHandlers: (handlers) => {
      checkHandlers(handlers, config)
      core.handlers = handlers
    },
    setChannelOptions: (rules) => core.namespaces.replace(checkChannelRules(rules, config)),
    revokeToken: (id, options) => revokeToken(core, id, options),
    invalidateUserTokens: (user, options) => invalidateUserTokens(core, user, options),
    handleRequest: (request, response) => adapter.handleRequest(request, response),
    handleAdminApi: (request, response) => adapter.handleAdminApi(request, response),
    handleUpgrade: (request, socket, head) => adapter.handleUpgrade(request, socket, head),
    attach: (target) => {
      if (!core.isOpen) throw new Error('The hub is closed')
      server = target
      return adapter.attach(target)
    },
    websocketUrl: (request) =>
      options.publicUrl ?? websocketUrl(config.websocket.handler_prefix, request, server, trustProxy),
    gauges: () => gauges(core, adapter),
    trace: (target, options) => core.tracer.start(target, options),
    get isOpen() {
      return core.isOpen
    },
    metrics: async () => {
      const { readMetrics } = await import('./telemetry/metrics.ts')
      return readMetrics(core)
    },
    close: (options = {}) => (closing ??= close(options)),
  }
  const slot: HubSlot = {
    version: 1,
    id: core.id,
    call,
    batch: (request) => hub.batch(request),
    tokenKey: () => keys.hmac_secret_key,
    subscriptionTokenKey: () => (ownKeys.enabled ? ownKeys : keys).hmac_secret_key,
    websocketUrl: (request) => hub.websocketUrl(request),
  }
  if (options.register ?? true) {
    const previous = currentHub()
    const hubs = { previous: previous?.id, hub: core.id }
    if (previous) core.logger.warn(hubs, 'this hub takes another’s place in the process')
    occupyHubSlot(slot)
  }
  return hub
}

function publishRequest(data: unknown, options: PublishOptions): PublishRequest {
  const { idempotencyKey, tags, skipHistory, delta, version, versionEpoch } = options
  return {
    data: publishPayload(data),
    ...(tags ? { tags: { ...tags } } : {}),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(skipHistory === undefined ? {} : { skipHistory }),
    ...(delta === undefined ? {} : { delta }),
    ...(version === undefined ? {} : { version }),
    ...(versionEpoch === undefined ? {} : { versionEpoch }),
  }
}

/** Options with which anybody is believed; with one of them a hub is for development, or stands behind something. */
function warnOfInsecure(client: CheckedConfig['client'], logger: Logger): void {
  const warn = (option: string, effect: string): void => logger.warn({ option }, `INSECURE ${option}: ${effect}`)
  if (client.insecure) warn('client.insecure', 'anybody may connect, subscribe and publish')
  if (client.insecure_skip_token_signature_verify) {
    warn('client.insecure_skip_token_signature_verify', 'anybody may make tokens')
  }
  for (const section of ['token', 'subscription_token'] as const) {
    if (!client[section].insecure_skip_jwks_endpoint_safety_check) continue
    warn(`client.${section}.insecure_skip_jwks_endpoint_safety_check`, 'tokens may choose where their keys come from')
  }
}

function callApi<M extends ServerApiMethod>(
  core: Core,
  method: M,
  request: ServerApiRequest<M>,
): MaybePromise<ServerApiReply<M>> {
  const payloads: PayloadSource = (name) => {
    const value = (request as Record<string, unknown>)[name]
    if (value === undefined) return undefined
    try {
      return toPayload(value)
    } catch (error) {
      // Of a circle the engine draws a picture over several lines.
      const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
      throw new BadApiRequest(`${method}: ${name}: ${reason}`)
    }
  }
  const succeed = (value: object | JsonText): ServerApiReply<M> =>
    ({ result: value instanceof JsonText ? (JSON.parse(value.json) as unknown) : value }) as ServerApiReply<M>
  const fail = (error: unknown): ServerApiReply<M> => {
    // What over HTTP would be a 400 is the caller's mistake here.
    if (error instanceof BadApiRequest) return { error: { code: 107, message: error.message } }
    return { error: apiErrorOf(core, error) }
  }
  try {
    const running = runApiMethod(core, method, request, payloads)
    return isPromise(running) ? running.then(succeed).catch(fail) : succeed(running)
  } catch (error) {
    return fail(error)
  }
}

async function runBatch(
  call: Hub['call'],
  { commands, parallel = false }: ServerApiBatchRequest,
): Promise<ServerApiBatchReply> {
  const one = async (command: ServerApiBatchCommand): Promise<ServerApiBatchReply['replies'][number]> => {
    const requests: Readonly<Record<string, unknown>> = { ...command }
    const [method] = commandMethods(requests)
    if (!method) return { error: command ? { code: 104, message: 'not found' } : { code: 107, message: 'bad request' } }
    const reply = await call(method as ServerApiMethod, requests[method] as never)
    return 'error' in reply ? { error: reply.error } : { [method]: reply.result }
  }
  return { replies: await mapLimited(commands ?? [], parallel ? maxParallel : 1, one) }
}

function websocketUrl(
  path: string,
  request: Request | undefined,
  server: HttpServer | HttpsServer | undefined,
  trustProxy: boolean,
): string {
  if (request) {
    // By its shape: frameworks bring Request classes of their own.
    if (!URL.canParse(request.url) || typeof request.headers?.get !== 'function') {
      throw new TypeError('websocketUrl: request must be a Fetch API Request with an absolute URL')
    }
    const url = new URL(request.url)
    const forwarded = (name: string): string | undefined =>
      (trustProxy && request.headers.get(name)?.split(',')[0]?.trim()) || undefined
    const isSecure = (forwarded('x-forwarded-proto') ?? url.protocol.replace(':', '')) === 'https'
    return `${isSecure ? 'wss' : 'ws'}://${forwarded('x-forwarded-host') ?? url.host}${path}`
  }
  const address = server?.address()
  const port = typeof address === 'object' && address ? address.port : 3000
  return `${server && 'setSecureContext' in server ? 'wss' : 'ws'}://localhost:${port}${path}`
}

function gauges(core: Core, adapter: NodeAdapter): HubGauges {
  let subscriptions = 0
  for (const session of core.registry.sessions) subscriptions += session.subscriptions.size
  return {
    sockets: adapter.socketCount,
    sessions: core.registry.sessionCount,
    users: core.registry.userCount,
    channels: core.registry.channelCount,
    subscriptions,
    alarms: core.keepalive.size,
    waiting: core.flusher.waiting,
  }
}
