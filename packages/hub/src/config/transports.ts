import { z } from 'zod'
import { flag, positiveSize, size } from './primitives.ts'

/** Sections of the configuration, one per transport, by their names in it. */
export const transports = {
  websocket: z
    .strictObject({
      message_size_limit: positiveSize(65_536),
      /** Offer permessage-deflate. Costs each such connection a write of its own per message, and memory. */
      compression: flag,
      /** Shorter messages are not compressed. */
      compression_min_size: size(0),
    })
    .prefault({}),
}
