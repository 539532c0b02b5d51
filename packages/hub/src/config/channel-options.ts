import { z } from 'zod'
import { flag, size, wholeSeconds } from './primitives.ts'

export const channelOptionsShape = {
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
}
