import type { z } from 'zod'

/** What a wrong configuration is answered with: every problem, each with the option's path and what was expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The hub's configuration is not valid:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

/** @throws ConfigError whose paths begin with `prefix` */
export function check<S extends z.ZodType>(schema: S, input: unknown, prefix: string): z.output<S> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  throw new ConfigError(result.error.issues.flatMap((issue) => describe(issue, prefix)))
}

function describe(issue: z.core.$ZodIssue, prefix: string): string[] {
  const path = issue.path.reduce(within, prefix)
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${within(path, key)}: unknown option`)
  const message = issue.message
    .replace(/^Invalid (?:input|option): /, '')
    .replace(/, received undefined$/, ', but it is missing')
  return [`${path || 'the configuration'}: ${message}`]
}

/** One step further: `channel.namespaces`, `channel.namespaces[0]`, `channel.namespaces[0].name`. */
function within(path: string, part: PropertyKey): string {
  if (typeof part === 'number') return `${path}[${part}]`
  return path === '' ? String(part) : `${path}.${String(part)}`
}
