import { z } from 'zod'
import { compileRegex, type Regex } from './regex.ts'
import { channelProxyShape } from './proxies.ts'
import { flag, quote, size, wholeSeconds } from './primitives.ts'

/** Compiled here, once; a pattern that is none stops the start. */
const regex = z
  .string()
  .default('')
  .transform((source, context): Regex | undefined => {
    if (source === '') return undefined
    try {
      return compileRegex(source)
    } catch {
      context.addIssue({ code: 'custom', message: `expected a regular expression in RE2 syntax, got ${quote(source)}` })
      return z.NEVER
    }
  })

/** `json`: must be JSON; `json_object`: must be an object; `binary`: anything, also nothing; empty: not nothing. */
export const dataFormat = z.enum(['', 'json', 'json_object', 'binary']).default('')

export const channelOptionsShape = {
  /** Keep who is subscribed. */
  presence: flag,
  /** Tell of who subscribes and unsubscribes. */
  join_leave: flag,
  /** Tell everybody who is subscribed; without it only those who ask and may read presence. */
  force_push_join_leave: flag,
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
  /** `stream`: everything that was missed; `cache`: the newest publication alone. */
  force_recovery_mode: z.enum(['', 'stream', 'cache']).default(''),
  /** With `cache`: every new subscription gets the newest publication without asking. */
  auto_cache_recover: flag,
  /** How subscribers may get differences in place of whole publications. */
  allowed_delta_types: z.array(z.enum(['fossil'])).default([]),
  /** Take every publication for one that may go out as a difference. */
  delta_publish: flag,
  /** Let subscribers say which tags they want to hear of. */
  allow_tags_filter: flag,
  /** What the name has to match behind its namespace, in place of being ASCII. */
  channel_regex: regex,
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
  /** Empty: `channel.publication_data_format`. */
  publication_data_format: dataFormat,
  ...channelProxyShape,
}

/** Options of one namespace; durations in milliseconds. */
export type ChannelOptions = z.output<z.ZodObject<typeof channelOptionsShape>>

/** What holds between the options of one namespace. */
export function checkChannelOptions(options: ChannelOptions, context: z.RefinementCtx): void {
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
  if (options.auto_cache_recover && !(options.force_recovery && options.force_recovery_mode === 'cache')) {
    context.addIssue({
      code: 'custom',
      path: ['auto_cache_recover'],
      message: 'needs force_recovery and force_recovery_mode "cache"',
    })
  }
}
