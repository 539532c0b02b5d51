import { z } from 'zod'
import type { HubHandlers } from '../handlers.ts'
import type { HubOptions } from '../options.ts'
import { check } from './check.ts'

const functions = (names: readonly string[]): z.ZodType =>
  z.looseObject(
    Object.fromEntries(
      names.map((name) => [name, z.custom((value) => typeof value === 'function', 'expected a function')]),
    ),
  )

const handlerNames = [
  'onConnect',
  'onRefresh',
  'onSubscribe',
  'onSubRefresh',
  'onPublish',
  'onRpc',
  'onMessage',
  'onDisconnect',
  'onUnsubscribe',
] as const satisfies (keyof HubHandlers)[]

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
  handlerTimeout: z.number().min(0).optional(),
  logger: functions(['debug', 'info', 'warn', 'error']).optional(),
  standalone: z.boolean().optional(),
  sameOrigin: z.boolean().optional(),
  trustProxy: z.boolean().optional(),
  publicUrl: z.url({ protocol: /^wss?$/, error: 'expected a ws: or wss: URL' }).optional(),
  register: z.boolean().optional(),
  broker: functions([
    'open',
    'close',
    'subscribe',
    'unsubscribe',
    'publish',
    'publishMembership',
    'history',
    'removeHistory',
  ]).optional(),
  presence: functions(['add', 'remove', 'get']).optional(),
  clock: functions(['now', 'monotonic', 'setTimer', 'endOfTick', 'random']).optional(),
} satisfies { [name in keyof HubOptions]-?: z.ZodType })

/** What stands beside `config`. @throws ConfigError */
export function checkOptions(input: HubOptions): void {
  check(options, input, 'options')
}

/** The part of the configuration that handlers may be at odds with. */
interface Proxied {
  readonly client: { readonly proxy: { readonly [event in 'connect' | 'refresh']: { readonly enabled: boolean } } }
}

/**
 * What is asked about every connection is either a proxy or a handler: with both, one would be there for nothing.
 * @throws ConfigError
 */
export function checkHandlers(input: HubHandlers, { client: { proxy } }: Proxied): void {
  const unopposed = handlers.superRefine((given: Record<string, unknown>, context) => {
    for (const [name, event] of [
      ['onConnect', 'connect'],
      ['onRefresh', 'refresh'],
    ] as const) {
      if (given[name] === undefined || !proxy[event].enabled) continue
      const message = `client.proxy.${event} is enabled, and only one of them can be asked`
      context.addIssue({ code: 'custom', path: [name], message })
    }
  })
  check(unopposed, input, 'handlers')
}
