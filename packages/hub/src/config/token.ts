import { z } from 'zod'
import { flag } from './primitives.ts'

/** What would be a secret that everybody knows: HMAC is the only kind here, and a key pair's half is no secret for it. */
const secret = z
  .string()
  .refine((text) => !text.includes('-----BEGIN '), 'expected a secret, got a PEM key')
  .default('')

export const token = z.strictObject({ hmac_secret_key: secret }).prefault({})

export const subscriptionToken = z
  .strictObject({ enabled: flag, hmac_secret_key: secret })
  .refine((own) => !own.enabled || own.hmac_secret_key !== '', {
    path: ['hmac_secret_key'],
    message: 'expected a secret, since client.subscription_token.enabled is true',
  })
  .prefault({})
