/** The app's HTTP endpoints that are asked in place of its handlers, and which channels and methods ask them. */
import { z } from 'zod'
import { duration, flag, quote } from './primitives.ts'

/** What a proxy is called that belongs to an event and has no name of its own. */
export const defaultName = 'default'

const name = z.string().regex(/^[-a-zA-Z0-9_.]{2,}$/, 'expected two or more of letters, digits, "-", "_" and "."')
const proxyName = z.string().default(defaultName)

/** It travels in a Close frame, which has room for this much. */
const closeText = z
  .string()
  .max(123)
  .regex(/^[\x20-\x7e]*$/, 'expected ASCII')
  .default('')
const code = z
  .int()
  .min(0)
  .max(2 ** 32 - 1)
  .default(0)

const statusTransform = z
  .strictObject({
    status_code: z.int().min(100).max(999),
    to_error: z.strictObject({ code, message: closeText, temporary: flag }).prefault({}),
    to_disconnect: z.strictObject({ code, reason: closeText }).prefault({}),
  })
  .refine(({ to_error: error, to_disconnect: disconnect }) => error.code > 0 !== disconnect.code > 0, {
    message: 'expected either to_error or to_disconnect, with its code',
  })
  .refine(({ to_disconnect: { code: closing } }) => closing === 0 || (closing >= 3000 && closing <= 4999), {
    path: ['to_disconnect', 'code'],
    message: 'expected 3000 to 4999',
  })

const headerName = z.string().regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, 'expected the name of a header')
const headerNames = z
  .array(headerName)
  .default([])
  .transform((names) => names.map((header) => header.toLowerCase()))

const proxyShape = {
  /** Where it is asked, by POST. */
  endpoint: z.string().default(''),
  /** How long an answer may take. */
  timeout: duration('1s').refine((ms) => ms > 0, 'expected more than 0'),
  /** Of the client's handshake, passed on. */
  http_headers: headerNames,
  /** Of those that a client puts into its connect command, passed on. */
  emulated_headers: headerNames,
  /** Data as base64, for what is no JSON. */
  binary_encoding: flag,
  /** Send along what the app has given as `meta` of the connection. */
  include_connection_meta: flag,
  http: z
    .strictObject({
      static_headers: z.record(headerName, z.string()).default({}),
      /** What statuses other than 200 mean; without an entry they mean a failure. */
      status_to_code_transforms: z.array(statusTransform).default([]),
    })
    .prefault({}),
}

/** One endpoint and how it is asked; times in milliseconds, names of headers in lower case. */
export type ProxyOptions = z.output<z.ZodObject<typeof proxyShape>>

function endpointProblem(endpoint: string): string | undefined {
  if (endpoint === '') return 'expected a URL'
  if (URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol)) return undefined
  return `expected an http: or https: URL (gRPC is not offered), got ${quote(endpoint)}`
}

function checkEndpoint({ endpoint }: ProxyOptions, context: z.RefinementCtx): void {
  const message = endpointProblem(endpoint)
  if (message !== undefined) context.addIssue({ code: 'custom', path: ['endpoint'], message })
}

const switchedProxy = z
  .strictObject({ enabled: flag, ...proxyShape })
  .superRefine((proxy, context) => {
    if (proxy.enabled) checkEndpoint(proxy, context)
  })
  .prefault({})

/** `client.proxy` */
export const clientProxies = z.strictObject({ connect: switchedProxy, refresh: switchedProxy }).prefault({})

const proxy = z.strictObject(proxyShape).prefault({})

/** `channel.proxy` */
export const channelProxies = z.strictObject({ subscribe: proxy, publish: proxy, sub_refresh: proxy }).prefault({})

/** Which proxies a namespace asks. */
export const channelProxyShape = {
  subscribe_proxy_enabled: flag,
  subscribe_proxy_name: proxyName,
  publish_proxy_enabled: flag,
  publish_proxy_name: proxyName,
  sub_refresh_proxy_enabled: flag,
  sub_refresh_proxy_name: proxyName,
  subscribe_stream_proxy_enabled: flag.refine(
    (isOn) => !isOn,
    'subscribe stream proxies speak gRPC, which is not offered',
  ),
}

const channelEvents = ['subscribe', 'publish', 'sub_refresh'] as const

type ChannelProxyOptions = z.output<z.ZodObject<typeof channelProxyShape>>

const rpcOptionsShape = { proxy_enabled: flag, proxy_name: proxyName }

/** Options of the methods of one namespace. */
export type RpcOptions = z.output<z.ZodObject<typeof rpcOptionsShape>>

/** `rpc` */
export const rpc = z
  .strictObject({
    proxy,
    without_namespace: z.strictObject(rpcOptionsShape).prefault({}),
    namespaces: z.array(z.strictObject({ name, ...rpcOptionsShape })).default([]),
    namespace_boundary: z.string().default(':'),
    /** A method that the hub answers itself. */
    ping: z.strictObject({ enabled: flag, method: z.string().default('ping') }).prefault({}),
  })
  .superRefine(({ namespaces }, context) => checkUnique(namespaces, ['namespaces'], context))
  .prefault({})

/** `proxies` */
export const proxies = z
  .array(z.strictObject({ name, ...proxyShape }).superRefine(checkEndpoint))
  .default([])
  .superRefine((list, context) => {
    checkUnique(list, [], context)
    const reserved = list.findIndex((entry) => entry.name === defaultName)
    if (reserved >= 0) {
      context.addIssue({ code: 'custom', path: [reserved, 'name'], message: `${quote(defaultName)} is reserved` })
    }
  })

function checkUnique(list: readonly { name: string }[], path: string[], context: z.RefinementCtx): void {
  const seen = new Set<string>()
  for (const [index, entry] of list.entries()) {
    if (seen.has(entry.name)) {
      context.addIssue({
        code: 'custom',
        path: [...path, index, 'name'],
        message: `${quote(entry.name)} is there twice`,
      })
    }
    seen.add(entry.name)
  }
}

/** The sections that name proxies and those that hold them. */
export interface ProxySections {
  readonly channel: {
    readonly proxy: z.output<typeof channelProxies>
    readonly without_namespace: ChannelProxyOptions
    readonly namespaces: readonly ChannelProxyOptions[]
  }
  readonly rpc: z.output<typeof rpc>
  readonly proxies: z.output<typeof proxies>
}

/** The proxy that an event's options name. */
export function proxyNamed(
  { proxies: named }: Pick<ProxySections, 'proxies'>,
  own: ProxyOptions,
  wanted: string,
): ProxyOptions | undefined {
  return wanted === defaultName ? own : named.find((entry) => entry.name === wanted)
}

/** What is named has to be there, and what is enabled has to have somewhere to ask. */
export function checkProxies(sections: ProxySections, context: z.RefinementCtx): void {
  checkChannelProxies(sections, ['channel'], context)
  const check = (options: RpcOptions, ...path: (string | number)[]): void =>
    checkReference(sections, 'rpc.proxy', sections.rpc.proxy, options, (message, member) =>
      context.addIssue({ code: 'custom', path: ['rpc', ...path, member], message }),
    )
  check(sections.rpc.without_namespace, 'without_namespace')
  for (const [index, options] of sections.rpc.namespaces.entries()) check(options, 'namespaces', index)
}

/** The same for channel options, which can be replaced. @param at where the section stands */
export function checkChannelProxies(
  sections: Pick<ProxySections, 'channel' | 'proxies'>,
  at: readonly string[],
  context: z.RefinementCtx,
): void {
  const check = (options: ChannelProxyOptions, ...path: (string | number)[]): void => {
    for (const event of channelEvents) {
      const reference = {
        proxy_enabled: options[`${event}_proxy_enabled`],
        proxy_name: options[`${event}_proxy_name`],
      }
      checkReference(sections, `channel.proxy.${event}`, sections.channel.proxy[event], reference, (message, member) =>
        context.addIssue({ code: 'custom', path: [...at, ...path, `${event}_${member}`], message }),
      )
    }
  }
  check(sections.channel.without_namespace, 'without_namespace')
  for (const [index, options] of sections.channel.namespaces.entries()) check(options, 'namespaces', index)
}

function checkReference(
  sections: Pick<ProxySections, 'proxies'>,
  ownPath: string,
  own: ProxyOptions,
  { proxy_enabled: isEnabled, proxy_name: wanted }: RpcOptions,
  report: (message: string, member: 'proxy_enabled' | 'proxy_name') => void,
): void {
  const found = proxyNamed(sections, own, wanted)
  if (!found) {
    report(`there is no ${quote(wanted)} in proxies`, 'proxy_name')
    return
  }
  const problem = isEnabled && found === own ? endpointProblem(own.endpoint) : undefined
  if (problem !== undefined) report(`needs ${ownPath}.endpoint: ${problem}`, 'proxy_enabled')
}
