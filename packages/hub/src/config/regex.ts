/**
 * Regular expressions of a configuration: RE2's syntax, as Centrifugo takes it, in time linear to the text. JavaScript's
 * own would let one careless pattern and one crafted channel name stop the process.
 */
import { RE2JS } from 're2js'

export interface Regex {
  /** Whether the pattern matches somewhere in the text; `^` and `$` anchor it. */
  matches(text: string): boolean
  /** The named groups of the first match; undefined when nothing matches. Groups that took no part are left out. */
  groups(text: string): ReadonlyMap<string, string> | undefined
}

/** @throws Error for a pattern that is none */
export function compileRegex(source: string): Regex {
  const compiled = RE2JS.compile(source)
  const names = Object.keys(compiled.namedGroups())
  return {
    matches: (text) => compiled.matcher(text).find(),
    groups: (text) => {
      const matcher = compiled.matcher(text)
      if (!matcher.find()) return undefined
      const groups = new Map<string, string>()
      for (const name of names) {
        const value = matcher.group(name)
        if (value !== null) groups.set(name, value)
      }
      return groups
    },
  }
}
