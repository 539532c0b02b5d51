/** Configuration files as Centrifugo takes them: JSON, YAML or TOML, by their extension. */
import { extname } from 'node:path'
import { parse as parseToml, stringify as stringifyToml, TomlError } from 'smol-toml'
import { parseDocument, stringify as stringifyYaml } from 'yaml'
import { Failure, reasonOf } from '../failure.ts'

export type Format = 'json' | 'yaml' | 'toml'

const formats: ReadonlyMap<string, Format> = new Map([
  ['.json', 'json'],
  ['.yaml', 'yaml'],
  ['.yml', 'yaml'],
  ['.toml', 'toml'],
])

/** @throws Failure config */
export function formatOf(file: string): Format {
  const format = formats.get(extname(file).toLowerCase())
  if (format) return format
  throw new Failure('config', `${file}: a configuration file ends in ${Array.from(formats.keys()).join(', ')}`)
}

/** @throws Failure config, with the line of a mistake */
export function parseConfig(text: string, file: string): unknown {
  const format = formatOf(file)
  try {
    // Editors on Windows put it there; none of the three languages has it.
    return parsers[format](text.replace(/^\u{FEFF}/u, ''))
  } catch (error) {
    const { line, reason } = error instanceof SyntaxAt ? error : { line: undefined, reason: reasonOf(error) }
    const place = line === undefined ? file : `${file}:${line}`
    throw new Failure('config', `${place}: not valid ${format.toUpperCase()}: ${reason}`, error)
  }
}

class SyntaxAt extends Error {
  readonly line: number
  readonly reason: string

  constructor(line: number, reason: string) {
    super(reason)
    this.line = line
    this.reason = reason
  }
}

const parsers: Record<Format, (text: string) => unknown> = {
  json: (text) => {
    try {
      return JSON.parse(text)
    } catch (error) {
      throw new SyntaxAt(lineAt(text, jsonErrorPosition(text)), firstLine(withoutPosition(reasonOf(error))))
    }
  },
  yaml: (text) => {
    const document = parseDocument(text, { prettyErrors: false })
    const [error] = document.errors
    if (error) throw new SyntaxAt(lineAt(text, error.pos[0]), firstLine(error.message))
    return document.toJS({ maxAliasCount: 100 })
  },
  toml: (text) => {
    try {
      return parseToml(text)
    } catch (error) {
      if (!(error instanceof TomlError)) throw error
      throw new SyntaxAt(error.line, firstLine(error.message).replace(/^Invalid TOML document: /, ''))
    }
  },
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? ''
}

function withoutPosition(message: string): string {
  return message.replace(/,? (?:in JSON )?at position \d+.*$/s, '').replace(/, [".].*is not valid JSON$/s, '')
}

/**
 * Where JSON stops being any: V8 tells it only with some of its messages. A text that is cut off before the mistake
 * lacks nothing but its end, so the mistake is found by halving.
 */
function jsonErrorPosition(text: string): number {
  if (onlyLacksItsEnd(text)) return text.trimEnd().length
  let good = 0
  let bad = text.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (onlyLacksItsEnd(text.slice(0, middle))) good = middle
    else bad = middle
  }
  return good
}

function onlyLacksItsEnd(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const message = reasonOf(error)
    if (/end of JSON input|^Unterminated/.test(message)) return true
    const position = /at position (\d+)/.exec(message)?.[1]
    return position !== undefined && Number(position) >= text.length
  }
}

/** The configuration as text of a format. */
export function printConfig(config: Record<string, unknown>, format: Format): string {
  if (format === 'yaml') return stringifyYaml(config)
  if (format === 'toml') return `${stringifyToml(config)}\n`
  return `${JSON.stringify(config, null, 2)}\n`
}
