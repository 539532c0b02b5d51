/**
 * The hub's configuration: Centrifugo's, v6 shape, the part that the hub offers. Checked once, when the hub starts; an
 * option that is unknown here stops it, because silently ignoring one could open or lose something.
 */
import { z } from 'zod'
import type { ChannelOptions } from './channel-options.ts'
import { channel, type channelRules, channelRulesWithin } from './channel.ts'
import { check, ConfigError } from './check.ts'
import { checkPersonalChannels, client } from './client.ts'
import { httpApi } from './http-api.ts'
import { node } from './node.ts'
import { checkHandlers, checkOptions } from './options.ts'
import { pathsOf } from './paths.ts'
import { checkChannelProxies, checkProxies, proxies, rpc } from './proxies.ts'
import { transports } from './transports.ts'

const config = z
  .strictObject({ client, channel, rpc, proxies, http_api: httpApi, node, ...transports })
  .superRefine(checkProxies)
  .superRefine(checkPersonalChannels)

/** What is written: Centrifugo v6 JSON; everything has a default. Durations are text (`"25s"`). */
export type HubConfig = z.input<typeof config>
/** What the hub works with: complete, durations in milliseconds. */
export type CheckedConfig = z.output<typeof config>
/** The permission rules and options of channels, which can be replaced on a running hub. */
export type ChannelRules = z.input<typeof channelRules>
export type CheckedChannelRules = z.output<typeof channelRules>
export { checkHandlers, checkOptions, ConfigError, type ChannelOptions }

/** Every option that the hub has, by its path; entries of a list share one: `channel.namespaces.presence`. */
export function configPaths(): string[] {
  return pathsOf(config)
}

/** @throws ConfigError */
export function checkConfig(input: HubConfig): CheckedConfig {
  return check(config, input, '')
}

/**
 * @param hub the configuration that they become a part of: its `channel.history_meta_ttl` holds for options without one
 *   of their own, and its proxies can be named
 * @throws ConfigError
 */
export function checkChannelRules(input: ChannelRules, hub: CheckedConfig = checkConfig({})): CheckedChannelRules {
  const { history_meta_ttl: metaTtl, proxy } = hub.channel
  const rules = channelRulesWithin(metaTtl).superRefine((section, context) =>
    checkChannelProxies({ channel: { ...section, proxy }, proxies: hub.proxies }, [], context),
  )
  return check(rules, input, 'channel')
}
