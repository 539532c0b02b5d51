/**
 * The hub's configuration: Centrifugo's, v6 shape, the part that the hub offers. Checked once, when the hub starts; an
 * option that is unknown here stops it, because silently ignoring one could open or lose something.
 */
import { z } from 'zod'
import type { ChannelOptions } from './config/channel-options.ts'
import { channel, type channelRules, channelRulesWithin, defaultMetaTtl } from './config/channel.ts'
import { check, ConfigError } from './config/check.ts'
import { client } from './config/client.ts'
import { httpApi } from './config/http-api.ts'
import { checkHandlers, checkOptions } from './config/options.ts'
import { pathsOf } from './config/paths.ts'
import { transports } from './config/transports.ts'
import { parseDuration } from './duration.ts'

const config = z.strictObject({ client, channel, http_api: httpApi, ...transports })

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
 * @param metaTtlMs the hub's `channel.history_meta_ttl`, which holds for options without one of their own
 * @throws ConfigError
 */
export function checkChannelRules(
  input: ChannelRules,
  metaTtlMs: number = parseDuration(defaultMetaTtl) ?? 0,
): CheckedChannelRules {
  return check(channelRulesWithin(metaTtlMs), input, 'channel')
}
