/** What callers give, checked: every mistake is a TypeError that names the option and what it takes. */

/** A misspelt option would be one that does nothing. @throws TypeError */
export function checkNames(caller: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${caller}: options must be an object, not ${describe(options)}`)
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new TypeError(`${caller}: there is no option '${name}'; what there is: ${known.join(', ')}`)
    }
  }
}

/** @throws TypeError */
export function checkInteger(caller: string, name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw new TypeError(`${caller}: ${name} must be a whole number from ${least} to ${most}, not ${describe(value)}`)
}

/** @throws TypeError */
export function checkText(caller: string, name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw new TypeError(`${caller}: ${name} must be text that is not empty, not ${describe(value)}`)
}

export function describe(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? 'a long text' : `'${value}'`
  if (typeof value === 'number' || typeof value === 'boolean' || value == null) return String(value)
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
