/**
 * The hub's configuration: Centrifugo's, v6 shape, the part that the hub offers. Checked once, when the hub starts; an
 * option that is unknown here stops it, because silently ignoring one could open or lose something.
 */
import { z } from 'zod'
import { parseDuration } from './duration.ts'
import type { HubHandlers } from './handlers.ts'
import type { HubOptions } from './options.ts'

/** What a wrong configuration is answered with: every problem, each with the option's path and what was expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The hub's configuration is not valid:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

const durationText = 'a duration such as "300ms", "25s" or "1h30m"'

function duration(fallback: string) {
  return z
    .string({
      error: (issue) => (issue.input === undefined ? undefined : `expected ${durationText}, got ${quote(issue.input)}`),
    })
    .default(fallback)
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== undefined) return ms
      context.addIssue({ code: 'custom', message: `expected ${durationText}, got ${quote(text)}` })
      return z.NEVER
    })
}

/** Streams live in whole seconds, as with brokers that keep them elsewhere. */
function wholeSeconds(fallback: string) {
  return duration(fallback).refine((ms) => ms % 1000 === 0, 'expected whole seconds, such as "300s" or "1h30m"')
}

function size(fallback: number) {
  return z.int().min(0).default(fallback)
}

/** Where Centrifugo takes 0 for "the default" and a limit of nothing would be a hub that does nothing. */
function positiveSize(fallback: number) {
  return z.int().min(1).default(fallback)
}

const flag = z.boolean().default(false)

const defaultMetaTtl = '720h'

const channelOptionsShape = {
  /** Keep who is subscribed. */
  presence: flag,
  /** Publications kept per channel; goes with `history_ttl`. */
  history_size: size(0),
  /** How long they are kept after the last one. */
  history_ttl: wholeSeconds('0s'),
  /** How long offset and epoch outlive them; 0: `channel.history_meta_ttl`. */
  history_meta_ttl: wholeSeconds('0s'),
  /** Watch every subscription for gaps. */
  force_positioning: flag,
  allow_positioning: flag,
  /** Let every subscription recover what it missed. */
  force_recovery: flag,
  allow_recovery: flag,
  allow_subscribe_for_client: flag,
  allow_subscribe_for_anonymous: flag,
  allow_publish_for_client: flag,
  allow_publish_for_subscriber: flag,
  allow_publish_for_anonymous: flag,
  allow_history_for_client: flag,
  allow_history_for_subscriber: flag,
  allow_history_for_anonymous: flag,
  allow_presence_for_client: flag,
  allow_presence_for_subscriber: flag,
  allow_presence_for_anonymous: flag,
  /** `name#user` may be subscribed to by that user. */
  allow_user_limited_channels: flag,
  /** `json`: must be JSON; `json_object`: must be an object; empty: not empty. */
  publication_data_format: z.enum(['', 'json', 'json_object']).default(''),
}

type ChannelOptionsOutput = z.output<z.ZodObject<typeof channelOptionsShape>>

function checkHistory(options: ChannelOptionsOutput, context: z.RefinementCtx): void {
  if (options.history_size > 0 !== options.history_ttl > 0) {
    context.addIssue({
      code: 'custom',
      path: [options.history_size > 0 ? 'history_ttl' : 'history_size'],
      message: 'history needs both history_size and history_ttl',
    })
  }
  if (options.force_recovery && options.history_size === 0) {
    context.addIssue({ code: 'custom', path: ['force_recovery'], message: 'needs history_size and history_ttl' })
  }
}

/** `.prefault`, not `.default`: an absent section is filled in member by member. */
const withoutNamespace = z.strictObject(channelOptionsShape).superRefine(checkHistory)

const namespace = z
  .strictObject({
    name: z.string().regex(/^[-a-zA-Z0-9_.]{2,}$/, 'expected two or more of letters, digits, "-", "_" and "."'),
    ...channelOptionsShape,
  })
  .superRefine(checkHistory)

const namespaces = z.array(namespace).superRefine((list, context) => {
  const seen = new Set<string>()
  for (const [index, { name }] of list.entries()) {
    if (seen.has(name)) {
      context.addIssue({ code: 'custom', path: [index, 'name'], message: `${quote(name)} is there twice` })
    }
    seen.add(name)
  }
})

interface Rules {
  readonly without_namespace: ChannelOptionsOutput
  readonly namespaces: readonly ChannelOptionsOutput[]
}

/** Offset and epoch may not be forgotten while publications are still kept. */
function checkMetaTtl(rules: Rules, metaTtl: number, context: z.RefinementCtx): void {
  const check = (options: ChannelOptionsOutput, ...path: (string | number)[]): void => {
    if ((options.history_meta_ttl || metaTtl) >= options.history_ttl) return
    const isOwn = options.history_meta_ttl > 0
    context.addIssue({
      code: 'custom',
      path: [...path, isOwn ? 'history_meta_ttl' : 'history_ttl'],
      message: isOwn ? 'must not be less than history_ttl' : 'must not be more than channel.history_meta_ttl',
    })
  }
  check(rules.without_namespace, 'without_namespace')
  for (const [index, options] of rules.namespaces.entries()) check(options, 'namespaces', index)
}

const rulesShape = {
  without_namespace: withoutNamespace.prefault({}),
  namespaces: namespaces.default([]),
}

const channelRules = z.strictObject(rulesShape)

function channelRulesWithin(metaTtl: number) {
  return channelRules.superRefine((rules, context) => checkMetaTtl(rules, metaTtl, context))
}

/** What would be a secret that everybody knows: HMAC is the only kind here, and a key pair's half is no secret for it. */
const secret = z
  .string()
  .refine((text) => !text.includes('-----BEGIN '), 'expected a secret, got a PEM key')
  .default('')

const originPattern = z.string().superRefine((pattern, context) => {
  const message = originProblem(pattern)
  if (message) context.addIssue({ code: 'custom', message })
})

function originProblem(pattern: string): string | undefined {
  if (/[{}\\]/.test(pattern)) return 'expected an origin; of wildcards there are "*" and "?"'
  // Browsers send the scheme along: without one, or a wildcard in its place, nothing would ever match.
  const hasScheme = pattern.startsWith('*') || pattern.includes('://')
  return hasScheme ? undefined : 'expected an origin with its scheme, such as "https://example.com"'
}

const config = z.strictObject({
  client: z
    .strictObject({
      token: z.strictObject({ hmac_secret_key: secret }).prefault({}),
      subscription_token: z
        .strictObject({ enabled: flag, hmac_secret_key: secret })
        .refine((own) => !own.enabled || own.hmac_secret_key !== '', {
          path: ['hmac_secret_key'],
          message: 'expected a secret, since client.subscription_token.enabled is true',
        })
        .prefault({}),
      allowed_origins: z.array(originPattern).default([]),
      allow_anonymous_connect_without_token: flag,
      disallow_anonymous_connection_tokens: flag,
      ping_interval: duration('25s'),
      pong_timeout: duration('8s'),
      /** How long a connection may take to its successful connect command. */
      stale_close_delay: duration('10s'),
      /** How long a client has to refresh an expired connection. */
      expired_close_delay: duration('25s'),
      expired_sub_close_delay: duration('25s'),
      /** Bytes that wait for one slow reader. */
      queue_max_size: positiveSize(1024 * 1024),
      /** Subscriptions of one connection. */
      channel_limit: size(128),
      /** Connections of one user; 0: no limit. */
      user_connection_limit: size(0),
      /** Connections in all; 0: no limit. */
      connection_limit: size(0),
    })
    // Every ping begins the time for its answer anew.
    .refine((client) => client.ping_interval === 0 || client.pong_timeout < client.ping_interval, {
      path: ['pong_timeout'],
      message: 'must be less than client.ping_interval',
    })
    .prefault({}),
  channel: z
    .strictObject({
      max_length: positiveSize(255),
      history_meta_ttl: wholeSeconds(defaultMetaTtl),
      ...rulesShape,
    })
    .superRefine((channel, context) => checkMetaTtl(channel, channel.history_meta_ttl, context))
    .prefault({}),
  http_api: z
    .strictObject({
      key: z.string().default(''),
      disabled: flag,
      error_mode: z.enum(['', 'transport']).default(''),
    })
    .prefault({}),
  websocket: z
    .strictObject({
      message_size_limit: positiveSize(65_536),
      /** Offer permessage-deflate. Costs each such connection a write of its own per message, and memory. */
      compression: flag,
      /** Shorter messages are not compressed. */
      compression_min_size: size(0),
    })
    .prefault({}),
})

/** What is written: Centrifugo v6 JSON; everything has a default. Durations are text (`"25s"`). */
export type HubConfig = z.input<typeof config>
/** What the hub works with: complete, durations in milliseconds. */
export type CheckedConfig = z.output<typeof config>
/** The permission rules and options of channels, which can be replaced on a running hub. */
export type ChannelRules = z.input<typeof channelRules>
export type CheckedChannelRules = z.output<typeof channelRules>
/** Options of one namespace; durations in milliseconds. */
export type ChannelOptions = ChannelOptionsOutput

const functions = (names: readonly string[]): z.ZodType =>
  z.looseObject(
    Object.fromEntries(
      names.map((name) => [name, z.custom((value) => typeof value === 'function', 'expected a function')]),
    ),
  )

const handlerNames = ['onConnect', 'onSubscribe', 'onPublish', 'onRpc'] as const satisfies (keyof HubHandlers)[]

/** Other members are the app's own: handlers may be methods of an object that has more. */
const handlers = z.looseObject({}).superRefine((given: Record<string, unknown>, context) => {
  for (const name of handlerNames) {
    const value = given[name]
    if (value !== undefined && typeof value !== 'function') {
      context.addIssue({ code: 'custom', path: [name], message: 'expected a function' })
    }
  }
  const known: readonly string[] = handlerNames
  for (const name of Object.keys(given)) {
    const looksLikeOne = /^on[A-Z]/.test(name) && !known.includes(name)
    if (looksLikeOne) {
      context.addIssue({ code: 'custom', path: [name], message: `unknown handler; there are ${known.join(', ')}` })
    }
  }
})

const options = z.strictObject({
  config: z.unknown().optional(),
  handlers: handlers.optional(),
  logger: functions(['debug', 'info', 'warn', 'error']).optional(),
  sameOrigin: z.boolean().optional(),
  trustProxy: z.boolean().optional(),
  publicUrl: z.url({ protocol: /^wss?$/, error: 'expected a ws: or wss: URL' }).optional(),
  register: z.boolean().optional(),
  broker: functions(['open', 'close', 'subscribe', 'unsubscribe', 'publish', 'history', 'removeHistory']).optional(),
  presence: functions(['add', 'remove', 'get']).optional(),
  clock: functions(['now', 'monotonic', 'setTimer', 'endOfTick', 'random']).optional(),
} satisfies { [name in keyof HubOptions]-?: z.ZodType })

/** What stands beside `config`. @throws ConfigError */
export function checkOptions(input: HubOptions): void {
  check(options, input, 'options')
}

/** @throws ConfigError */
export function checkHandlers(input: HubHandlers): void {
  check(handlers, input, 'handlers')
}

/** @throws ConfigError */
export function checkConfig(input: HubConfig): CheckedConfig {
  return check(config, input, '')
}

/**
 * @param metaTtlMs the hub's `channel.history_meta_ttl`, which holds for options without one of their own
 * @throws ConfigError
 */
export function checkChannelRules(
  input: ChannelRules,
  metaTtlMs: number = parseDuration(defaultMetaTtl) ?? 0,
): CheckedChannelRules {
  return check(channelRulesWithin(metaTtlMs), input, 'channel')
}

function check<S extends z.ZodType>(schema: S, input: unknown, prefix: string): z.output<S> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  throw new ConfigError(result.error.issues.flatMap((issue) => describe(issue, prefix)))
}

function describe(issue: z.core.$ZodIssue, prefix: string): string[] {
  const path = [prefix, ...issue.path.map(String)].filter((part) => part !== '')
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${[...path, key].join('.')}: unknown option`)
  return [`${path.join('.') || 'the configuration'}: ${issue.message.replace(/^Invalid (?:input|option): /, '')}`]
}

function quote(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return typeof value
  }
}
