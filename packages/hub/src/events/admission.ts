/** Who may connect: one rule for both drivers, answered in HTTP. */
import { isOriginAllowed } from '../adapters/origins.ts'
import { chain, rescue, type MaybePromise } from '../maybe-promise.ts'
import type { EventCore } from './event-core.ts'

/** Who is asking, or the answer that turns them away. */
export type Admission = { readonly userId: string | undefined } | { readonly refusal: Response }

/** Who a request comes from. Null and undefined: nobody who is known. */
export type Authenticate = (request: Request) => MaybePromise<string | null | undefined>

/** A refusal that says why, for people and for scripts. */
export function refuse(status: number, body: string, headers: Record<string, string> = {}): Response {
  return new Response(`${body}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers },
  })
}

/** @param authenticate undefined: everybody is let in, and nobody is known */
export function admit(
  core: EventCore,
  request: Request,
  authenticate: Authenticate | undefined,
): MaybePromise<Admission> {
  const refusal = refusalOf(core, request)
  if (refusal) return { refusal }
  // Who is turned away anyway is not asked for a session: what knows of it may be closed by now.
  if (!core.isOpen) return { userId: undefined }
  if (!authenticate) return identified(core, undefined)
  const fail = (error: unknown): Admission => {
    core.report(error, 'authenticate')
    return { refusal: refuse(500, 'The server could not find out who you are') }
  }
  const { handlerTimeout } = core.settings
  const ask = (): MaybePromise<unknown> => core.deadlines.hold(handlerTimeout, authenticate(request))
  return rescue(() => chain(ask(), (user) => identified(core, user)), fail)
}

function refusalOf(core: EventCore, request: Request): Response | undefined {
  const { settings } = core
  const origin = request.headers.get('origin') ?? undefined
  const forwarded = settings.trustProxy && request.headers.get('x-forwarded-host')?.split(',')[0]?.trim()
  const host = forwarded || request.headers.get('host') || hostOf(request.url)
  const rules = { allowed: settings.allowedOrigins, sameOrigin: true, trustProxy: settings.trustProxy }
  if (!isOriginAllowed(rules, origin, host)) {
    settings.logger.info({ origin }, 'createRealtime: connection from an origin that is not allowed')
    return refuse(403, `Pages of ${origin} may not connect; allowedOrigins lists those that may`)
  }
  return undefined
}

/** Asked last, when nothing else can take the place meanwhile. */
export function refuseWhenFull(core: EventCore): Response | undefined {
  if (!core.isOpen) return refuse(503, 'The server is going down; come back in a moment', { 'retry-after': '1' })
  if (core.hasPlace) return undefined
  const { maxConnections } = core.settings
  return refuse(503, `There is no place for another connection: maxConnections is ${maxConnections}`, {
    'retry-after': '5',
  })
}

function identified(core: EventCore, user: unknown): Admission {
  if (typeof user === 'string' && user !== '') return { userId: user }
  if (user !== null && user !== undefined && user !== '') {
    throw new TypeError(`authenticate gives a user id as text, or null for nobody; not ${typeof user}`)
  }
  if (core.settings.allowAnonymous) return { userId: undefined }
  return { refusal: refuse(401, 'Sign in first') }
}

function hostOf(url: string): string | undefined {
  return URL.parse(url)?.host
}
