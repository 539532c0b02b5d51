import { z } from 'zod'

export const node = z
  .strictObject({
    /** What the server API's `info` calls this hub; only for people. */
    name: z.string().max(255).default(''),
  })
  .prefault({})
