import type { z } from 'zod'

/** The schema behind defaults, refinements and transformations. */
function inner(schema: z.core.$ZodType): z.core.$ZodType {
  const def = schema._zod.def as { type: string; innerType?: z.core.$ZodType; in?: z.core.$ZodType }
  const within = def.innerType ?? def.in
  return within ? inner(within) : schema
}

/** The paths of all options of a schema, sorted: `client.token.hmac_secret_key`. Entries of a list share one path. */
export function pathsOf(schema: z.core.$ZodType, path = ''): string[] {
  const def = inner(schema)._zod.def as {
    shape?: Record<string, z.core.$ZodType>
    element?: z.core.$ZodType
  }
  if (def.element && (inner(def.element)._zod.def as { shape?: object }).shape) return pathsOf(def.element, path)
  if (!def.shape) return [path]
  return Object.entries(def.shape)
    .flatMap(([name, member]) => pathsOf(member, path === '' ? name : `${path}.${name}`))
    .toSorted()
}
