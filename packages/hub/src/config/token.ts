import { z } from 'zod'
import { compileRegex } from './regex.ts'
import { keyEndpointProblem } from '../tokens/key-endpoint.ts'
import { parsePublicKey, type PublicKeyKind } from '../tokens/public-key.ts'
import { flag, quote } from './primitives.ts'

/** What would be a secret that everybody knows: for HMAC a key pair's half is no secret. */
const secret = z
  .string()
  .refine((text) => !text.includes('-----BEGIN '), 'expected a secret, got a PEM key')
  .default('')

const text = z.string().default('')

/** Text that something makes use of; what that throws is told. */
function textFor(use: (text: string) => unknown) {
  return text.superRefine((value, context) => {
    if (value === '') return
    try {
      use(value)
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
    }
  })
}

const publicKey = (kind: PublicKeyKind) => textFor((pem) => parsePublicKey(pem, kind))

const regex = textFor((source) => {
  try {
    compileRegex(source)
  } catch {
    throw new Error(`expected a regular expression in RE2 syntax, got ${quote(source)}`)
  }
})

const shape = {
  hmac_secret_key: secret,
  /** Good beside `hmac_secret_key` while that is being replaced. */
  hmac_previous_secret_key: secret,
  /** Unix seconds until which the previous key is good; 0: as long as it stands here. */
  hmac_previous_secret_key_valid_until: z.int().min(0).default(0),
  /** PEM; for RS256 to RS512 and PS256 to PS512. */
  rsa_public_key: publicKey('rsa'),
  /** PEM; for ES256, ES384 or ES512, by its curve. */
  ecdsa_public_key: publicKey('ec'),
  /** URL of a JSON Web Key Set, in place of all keys above. */
  jwks_public_endpoint: text,
  audience: text,
  audience_regex: regex,
  issuer: text,
  issuer_regex: regex,
  /** The claim that holds the user, in place of `sub`. */
  user_id_claim: z
    .string()
    .regex(/^[a-zA-Z_]*$/, 'expected the name of a claim: letters and "_"')
    .default(''),
  insecure_skip_jwks_endpoint_safety_check: flag,
}

type TokenOptions = z.output<z.ZodObject<typeof shape>>

function checkTogether(options: TokenOptions, context: z.RefinementCtx): void {
  for (const name of ['audience', 'issuer'] as const) {
    if (options[name] === '' || options[`${name}_regex`] === '') continue
    context.addIssue({ code: 'custom', path: [`${name}_regex`], message: `can't stand beside ${name}` })
  }
  const problem = options.jwks_public_endpoint === '' ? undefined : keyEndpointProblem(options)
  if (problem) context.addIssue({ code: 'custom', path: ['jwks_public_endpoint'], message: problem })
}

export const token = z.strictObject(shape).superRefine(checkTogether).prefault({})

/** Whether there is a key of any kind. */
export function hasTokenKey(options: TokenOptions): boolean {
  return options.hmac_secret_key !== '' || hasPublicKey(options)
}

/** Whether tokens come from somebody who has a key of their own. */
export function hasPublicKey(options: TokenOptions): boolean {
  return options.rsa_public_key !== '' || options.ecdsa_public_key !== '' || options.jwks_public_endpoint !== ''
}

export const subscriptionToken = z
  .strictObject({ enabled: flag, ...shape })
  .superRefine(checkTogether)
  .refine((own) => !own.enabled || hasTokenKey(own), {
    path: ['hmac_secret_key'],
    message: 'expected a secret or another key, since client.subscription_token.enabled is true',
  })
  .prefault({})
