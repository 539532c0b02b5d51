/**
 * The patterns of the API's `channels`, in the glob syntax of Centrifugo: `*`, `?`, `[abc]`, `[!abc]`, `[a-z]`,
 * `{one,another}` and `\` before what means itself. They become RE2 expressions, so that no pattern is slow.
 */
import { RE2JS } from 're2js'
import { matchesGlob } from '../glob.ts'

/** Longer ones would take more memory than anybody's list of names needs. */
const maxLength = 65_536

/** @throws SyntaxError for a pattern that is none */
export function compileChannelPattern(pattern: string): (name: string) => boolean {
  if (!/[[{\\]/.test(pattern)) return (name) => matchesGlob(pattern, name)
  if (pattern.length > maxLength) throw new SyntaxError(`A pattern has at most ${maxLength} characters`)
  const compiled = RE2JS.compile(new Translation(pattern).regex(), RE2JS.DOTALL)
  return (name) => compiled.matches(name)
}

class Translation {
  readonly #runes: readonly string[]
  #at = 0

  constructor(pattern: string) {
    this.#runes = Array.from(pattern)
  }

  regex(): string {
    let source = ''
    // An alternative that is still open at the end is closed there.
    let depth = 0
    for (let rune = this.#read(); rune !== undefined; rune = this.#read()) {
      if (rune === '*') source += '.*'
      else if (rune === '?') source += '.'
      else if (rune === '[') source += this.#class()
      else if (rune === '{') {
        depth++
        source += '(?:'
      } else if (rune === ',' && depth > 0) source += '|'
      else if (rune === '}' && depth > 0) {
        depth--
        source += ')'
      } else source += RE2JS.quote(rune === '\\' ? (this.#read() ?? '') : rune)
    }
    return source + ')'.repeat(depth)
  }

  #read(): string | undefined {
    return this.#runes[this.#at++]
  }

  /** Behind a `[`: one range or a list. */
  #class(): string {
    const isNegated = this.#runes[this.#at] === '!'
    if (isNegated) this.#at++
    const first = this.#runes[this.#at]
    const source = first !== undefined && this.#runes[this.#at + 1] === '-' ? this.#range(first) : this.#list()
    if (this.#read() !== ']') throw new SyntaxError('A class in a pattern has no end')
    return `[${isNegated ? '^' : ''}${source}]`
  }

  #range(low: string): string {
    const high = this.#runes[this.#at + 2]
    if (high === undefined || (low.codePointAt(0) ?? 0) > (high.codePointAt(0) ?? 0)) {
      throw new SyntaxError('A range in a pattern ends before it begins')
    }
    this.#at += 3
    return `${inClass(low)}-${inClass(high)}`
  }

  #list(): string {
    let source = ''
    while (this.#at < this.#runes.length && this.#runes[this.#at] !== ']') {
      const rune = this.#read()
      const literal = rune === '\\' ? this.#read() : rune
      if (literal !== undefined) source += inClass(literal)
    }
    if (source === '') throw new SyntaxError('A class in a pattern is empty')
    return source
  }
}

function inClass(rune: string): string {
  return `\\x{${(rune.codePointAt(0) ?? 0).toString(16)}}`
}
