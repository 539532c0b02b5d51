import { z } from 'zod'
import { flag } from './primitives.ts'

export const httpApi = z
  .strictObject({
    key: z.string().default(''),
    disabled: flag,
    error_mode: z.enum(['', 'transport']).default(''),
  })
  .prefault({})
