/**
 * What the table of Centrifugo's options is written in: for each its type, its default, and what it means that a server
 * doesn't have it. Whether the hub has it is not written here; the hub is asked (`configPaths`).
 */

/** `refused`: delivery, permission or encryption would be another; `ignored`: nothing that a client could tell. */
export type Lack = 'refused' | 'ignored'

export type OptionType = 'text' | 'integer' | 'boolean' | 'duration' | 'list' | 'map'

export interface Option {
  readonly kind: 'option'
  readonly type: OptionType
  /** Of Centrifugo, in JSON. A duration is text. */
  readonly fallback: unknown
  /** Another way to say the default. */
  readonly synonym?: unknown
  readonly lack: Lack
  /** Without this switch beside it the option does nothing. */
  readonly when?: string
}

export interface Group {
  readonly kind: 'group'
  readonly members: ReadonlyMap<string, Node>
}

/** A list of groups. In the environment it is JSON or, when its entries have names, those names. */
export interface Groups {
  readonly kind: 'groups'
  readonly named: boolean
  readonly entry: Group
}

export type Node = Option | Group | Groups

function option(type: OptionType, fallback: unknown): Option {
  return { kind: 'option', type, fallback, lack: 'refused' }
}

export const text = (fallback = ''): Option => option('text', fallback)
export const integer = (fallback = 0): Option => option('integer', fallback)
export const duration = (fallback = '0s'): Option => option('duration', fallback)
export const flag = option('boolean', false)
export const list = (...fallback: string[]): Option => option('list', fallback)
/** Names and values; a list of `{key, value}` as well. */
export const map = option('map', {})

export const group = (members: Record<string, Node>): Group => ({
  kind: 'group',
  members: new Map(Object.entries(members)),
})

/** Several options of one kind, by their names. */
export const each = (names: string, node: Node): Record<string, Node> =>
  Object.fromEntries(names.split(/\s+/).map((name) => [name, node]))

export const named = (members: Record<string, Node>): Groups => ({
  kind: 'groups',
  named: true,
  entry: group({ name: text(), ...members }),
})

export const groups = (members: Record<string, Node>): Groups => ({
  kind: 'groups',
  named: false,
  entry: group(members),
})

/** The same, as something that no client could tell: details of what another option switches on, or Centrifugo's own. */
export function ignored<N extends Node>(node: N): N
export function ignored(node: Node): Node {
  if (node.kind === 'option') return { ...node, lack: 'ignored' }
  if (node.kind === 'groups') return { ...node, entry: ignored(node.entry) }
  return { kind: 'group', members: new Map(Array.from(node.members, ([name, member]) => [name, ignored(member)])) }
}

/** Has a value that means the same as its default. */
export const synonymous = (synonym: string, node: Option): Option => ({ ...node, synonym })

/** Does something only where the boolean beside it, `sibling`, is true. */
export const when = (sibling: string, node: Option): Option => ({ ...node, when: sibling })
