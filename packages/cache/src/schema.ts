/** Values checked by a Standard Schema. */
import type { CacheSchema, SchemaIssue } from './types.ts'

export type Checked = { readonly value: unknown } | { readonly problem: string }

/** Never throws: a validator that does has refused the value. */
export async function check(schema: CacheSchema | undefined, value: unknown): Promise<Checked> {
  if (!schema) return { value }
  try {
    const result = await schema['~standard'].validate(value)
    return result.issues ? { problem: result.issues.map(toSentence).join('; ') } : { value: result.value }
  } catch (error) {
    return { problem: `the schema threw: ${error instanceof Error ? error.message : String(error)}` }
  }
}

function toSentence({ message, path = [] }: SchemaIssue): string {
  const keys = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment))
  return keys.length === 0 ? message : `${keys.join('.')}: ${message}`
}
