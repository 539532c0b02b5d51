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
  const result = schema.safeParse(input, { error: explain })
  if (result.success) return result.data
  throw new ConfigError(result.error.issues.flatMap((issue) => describe(issue, prefix)))
}

function describe(issue: z.core.$ZodIssue, prefix: string): string[] {
  const path = issue.path.reduce(within, prefix)
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${within(path, key)}: unknown option`)
  return [`${path || 'the configuration'}: ${issue.message}`]
}

/** What was expected and what was given, where the schema has no words of its own. */
function explain(issue: z.core.$ZodRawIssue): string | undefined {
  const given = issue.input === undefined ? 'but it is missing' : `got ${show(issue.input)}`
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${nouns.get(issue.expected) ?? issue.expected}, ${given}`
    case 'invalid_value':
      return `expected one of ${issue.values.map(show).join(', ')}, ${given}`
    case 'too_small':
      return `must be at least ${issue.minimum}, ${given}`
    case 'too_big':
      return `must be at most ${issue.maximum}, ${given}`
    default:
      return undefined
  }
}

/** In the words of configuration files. */
const nouns: ReadonlyMap<string, string> = new Map([
  ['string', 'text'],
  ['boolean', 'true or false'],
  ['int', 'a whole number'],
  ['number', 'a number'],
  ['array', 'a list'],
  ['object', 'options'],
  ['record', 'names with values'],
])

/** Long values, and secrets that were put in the wrong place, are not repeated in full. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 20 ? `${value.slice(0, 20)}…` : value)
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'function') return 'a function'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

/** One step further: `channel.namespaces`, `channel.namespaces[0]`, `channel.namespaces[0].name`. */
function within(path: string, part: PropertyKey): string {
  if (typeof part === 'number') return `${path}[${part}]`
  return path === '' ? String(part) : `${path}.${String(part)}`
}
