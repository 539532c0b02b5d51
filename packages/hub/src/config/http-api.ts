import { z } from 'zod'
import { flag } from './primitives.ts'

export const httpApi = z
  .strictObject({
    key: z.string().default(''),
    /** Nobody is asked for the key. Only where nobody else can reach the port. */
    insecure: flag,
    disabled: flag,
    error_mode: z.enum(['', 'transport']).default(''),
    /** What stands before `/<method>`. */
    handler_prefix: z
      .string()
      .regex(/^(\/[^?#]*)?$/, 'expected a path that begins with "/"')
      .default('/api')
      .transform((prefix) => prefix.replace(/\/+$/, '')),
  })
  .prefault({})

export type HttpApiOptions = z.output<typeof httpApi>
