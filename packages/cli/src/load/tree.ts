/** A configuration as the loader keeps it: nested, only known names in it, every value of its option's type. */
import { isDeepStrictEqual } from 'node:util'
import { parseDuration } from '@backchannel/hub/config'
import type { Group, Groups, Node, Option } from '../options/kinds.ts'
import { closest } from './suggest.ts'
import { BadValue, isRecord, readValue, show } from './values.ts'

export type Tree = { [name: string]: unknown }

/** An option that has been given a value. */
export interface Setting {
  /** As it is written in the table: entries of a list share one. */
  readonly path: string
  /** As it is shown: with the entry's name or place. */
  readonly place: string
  readonly option: Option
  readonly value: unknown
  /** The options beside it. */
  readonly beside: Tree
}

export type Report = (problem: string) => void

/**
 * What a file holds, by the table of options.
 * @param report gets each problem, with the option's path
 * @param hint for an unknown name that is none of this section's
 */
export function readTree(group: Group, value: unknown, report: Report, hint: Hint): Tree {
  return readGroup(group, value, '', { report, hint })
}

/** What may be said of a name that no option of its section has. */
export type Hint = (name: string, section: string) => string | undefined

interface Context {
  readonly report: Report
  readonly hint: Hint
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function readGroup(group: Group, value: unknown, path: string, context: Context): Tree {
  const tree: Tree = {}
  if (!isRecord(value)) {
    context.report(`${path || 'the configuration'}: expected options, got ${show(value)}`)
    return tree
  }
  for (const [given, inner] of Object.entries(value)) {
    // Centrifugo doesn't tell capitals from small letters in names.
    const name = group.members.has(given) ? given : given.toLowerCase()
    const node = group.members.get(name)
    if (!node) context.report(unknown(group, given, path, context.hint))
    else if (inner !== null && inner !== undefined) {
      const read = readNode(node, inner, join(path, name), context)
      if (read !== undefined) tree[name] = read
    }
  }
  return tree
}

function unknown(group: Group, name: string, path: string, hint: Hint): string {
  const meant = closest(name, group.members.keys())
  const said = hint(name, path) ?? (meant === undefined ? undefined : `did you mean ${join(path, meant)}?`)
  const place = join(path, name.length > 100 ? `${name.slice(0, 100)}…` : name)
  return said === undefined ? `${place}: unknown option` : `${place}: unknown option; ${said}`
}

function readNode(node: Node, value: unknown, path: string, context: Context): unknown {
  if (node.kind === 'group') return readGroup(node, value, path, context)
  if (node.kind === 'groups') return readGroups(node, value, path, context)
  try {
    return readValue(node.type, value)
  } catch (error) {
    if (!(error instanceof BadValue)) throw error
    context.report(`${path}: ${error.message}`)
    return undefined
  }
}

function readGroups(node: Groups, value: unknown, path: string, context: Context): Tree[] {
  if (!Array.isArray(value)) {
    context.report(`${path}: expected a list, got ${show(value)}`)
    return []
  }
  return value.map((entry: unknown, index) => readGroup(node.entry, entry, `${path}[${index}]`, context))
}

/** A list of groups out of a variable. @throws BadValue */
export function readEntries(node: Groups, value: unknown): Tree[] {
  const report = (problem: string): never => {
    throw new BadValue(problem.replace(/^[^:]*: /, ''))
  }
  return readGroups(node, value, '', { report, hint: () => undefined })
}

/** Sets an option by its path, whose sections are made as needed. */
export function setOption(tree: Tree, path: readonly string[], value: unknown): void {
  let at = tree
  for (const name of path.slice(0, -1)) at = (at[name] ??= {}) as Tree
  at[path.at(-1) ?? ''] = value
}

/** The value of an option, or Centrifugo's default. */
export function optionOf(group: Group, tree: Tree, path: string): unknown {
  let node: Node | undefined = group
  let at: unknown = tree
  for (const name of path.split('.')) {
    node = node?.kind === 'group' ? node.members.get(name) : undefined
    at = isRecord(at) ? at[name] : undefined
  }
  if (node?.kind !== 'option') throw new Error(`${path} is no option`)
  return at === undefined ? node.fallback : at
}

/** Every option that has been given. */
export function* settings(node: Node, value: unknown, path = '', place = path, beside: Tree = {}): Generator<Setting> {
  if (node.kind === 'option') yield { path, place, option: node, value, beside }
  else if (node.kind === 'group') {
    const tree = value as Tree
    for (const [name, member] of node.members) {
      if (tree[name] === undefined) continue
      yield* settings(member, tree[name], join(path, name), join(place, name), tree)
    }
  } else {
    for (const [index, entry] of (value as Tree[]).entries()) {
      const name = typeof entry['name'] === 'string' ? entry['name'] : index
      yield* settings(node.entry, entry, path, `${place}[${name}]`)
    }
  }
}

/** Whether it says no more than what holds anyway. */
export function isDefault({ option, value }: Setting): boolean {
  if (option.synonym !== undefined && value === option.synonym) return true
  if (option.type !== 'duration') return isDeepStrictEqual(value, option.fallback)
  return parseDuration(String(value)) === parseDuration(String(option.fallback))
}
