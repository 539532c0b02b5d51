import { z } from 'zod'
import { channelOptionsShape, checkChannelOptions, dataFormat, type ChannelOptions } from './channel-options.ts'
import { channelProxies } from './proxies.ts'
import { positiveSize, quote, wholeSeconds } from './primitives.ts'

/** `.prefault`, not `.default`: an absent section is filled in member by member. */
const withoutNamespace = z.strictObject(channelOptionsShape).superRefine(checkChannelOptions)

const namespace = z
  .strictObject({
    name: z.string().regex(/^[-a-zA-Z0-9_.]{2,}$/, 'expected two or more of letters, digits, "-", "_" and "."'),
    ...channelOptionsShape,
  })
  .superRefine(checkChannelOptions)

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
  readonly without_namespace: ChannelOptions
  readonly namespaces: readonly ChannelOptions[]
}

/** Offset and epoch may not be forgotten while publications are still kept. */
function checkMetaTtl(rules: Rules, metaTtl: number, context: z.RefinementCtx): void {
  const check = (options: ChannelOptions, ...path: (string | number)[]): void => {
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

export const channelRules = z.strictObject(rulesShape)

export function channelRulesWithin(metaTtl: number) {
  return channelRules.superRefine((rules, context) => checkMetaTtl(rules, metaTtl, context))
}

export const channel = z
  .strictObject({
    max_length: positiveSize(255),
    /** What a name begins with that needs a token; empty: none does. */
    private_prefix: z.string().default('$'),
    /** What ends the namespace in a name; empty: there are no namespaces. */
    namespace_boundary: z.string().default(':'),
    /** What begins the users in a name; empty: no channel is for some users only. */
    user_boundary: z.string().default('#'),
    /** What stands between several users; empty: there is only one. */
    user_separator: z.string().default(','),
    publication_data_format: dataFormat,
    history_meta_ttl: wholeSeconds('720h'),
    proxy: channelProxies,
    ...rulesShape,
  })
  .superRefine((section, context) => checkMetaTtl(section, section.history_meta_ttl, context))
  .prefault({})
