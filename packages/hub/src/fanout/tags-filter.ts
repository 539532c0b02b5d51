/** Filters by tags: which publications of a channel a subscriber wants to hear. */
import { replyError, type FilterNode } from '@backchannel/protocol'

export interface TagsFilter {
  /** The same for filters that say the same: their subscribers share bytes. */
  readonly key: string
  matches(tags: Readonly<Record<string, string>> | undefined): boolean
}

/** @throws ReplyError 107 for a filter that says nothing or too much */
export function createTagsFilter(node: FilterNode): TagsFilter {
  checkNode(node)
  return { key: JSON.stringify(node), matches: (tags = {}) => matches(node, tags) }
}

/** What takes one value, what takes a list, and what takes neither. */
const singleValued = new Set(['eq', 'neq', 'sw', 'ew', 'ct', 'gt', 'gte', 'lt', 'lte'])
const listValued = new Set(['in', 'nin'])
const unvalued = new Set(['ex', 'nex'])

/** The decoder has bounded the depth. */
function checkNode({ op, key, cmp, val, vals, nodes }: FilterNode): void {
  if (op === 'and' || op === 'or' || op === 'not') {
    const isCountRight = op === 'not' ? nodes.length === 1 : nodes.length > 0
    if (!isCountRight) throw replyError('badRequest')
    for (const node of nodes) checkNode(node)
    return
  }
  const takes =
    (singleValued.has(cmp) && val !== '' && vals.length === 0) ||
    (listValued.has(cmp) && val === '' && vals.length > 0) ||
    (unvalued.has(cmp) && val === '' && vals.length === 0)
  const isKeyed = key !== '' || unvalued.has(cmp)
  if (op !== '' || !takes || !isKeyed) throw replyError('badRequest')
}

function matches(node: FilterNode, tags: Readonly<Record<string, string>>): boolean {
  switch (node.op) {
    case 'and':
      return node.nodes.every((child) => matches(child, tags))
    case 'or':
      return node.nodes.some((child) => matches(child, tags))
    case 'not':
      return node.nodes.every((child) => !matches(child, tags))
    default:
      return compare(node, Object.hasOwn(tags, node.key) ? tags[node.key] : undefined)
  }
}

function compare({ cmp, val, vals }: FilterNode, value: string | undefined): boolean {
  switch (cmp) {
    case 'eq':
      return value === val
    case 'neq':
      return value !== val
    // A tag that is not there counts as empty here, as on Centrifugo.
    case 'in':
      return vals.includes(value ?? '')
    case 'nin':
      return !vals.includes(value ?? '')
    case 'ex':
      return value !== undefined
    case 'nex':
      return value === undefined
    case 'sw':
      return value?.startsWith(val) === true
    case 'ew':
      return value?.endsWith(val) === true
    case 'ct':
      return value?.includes(val) === true
    default:
      return compareNumbers(cmp, value, val)
  }
}

function compareNumbers(cmp: string, value: string | undefined, bound: string): boolean {
  const left = value === undefined ? undefined : scaled(value)
  const right = scaled(bound)
  if (left === undefined || right === undefined) return false
  if (cmp === 'gt') return left > right
  if (cmp === 'gte') return left >= right
  if (cmp === 'lt') return left < right
  return left <= right
}

const decimalText = /^[-+]?\d+(?:\.(\d+))?$/
/** Longer ones are no numbers, as on Centrifugo. */
const maxDecimalLength = 200
const maxFraction = 19

/** A decimal as a whole number of its smallest unit: compared exactly, where floats would call neighbours equal. */
function scaled(text: string): bigint | undefined {
  if (text.length > maxDecimalLength) return undefined
  const [whole, fraction = ''] = decimalText.exec(text) ?? []
  if (whole === undefined || fraction.length > maxFraction) return undefined
  return BigInt(whole.replace(/^\+/, '').replace('.', '') + '0'.repeat(maxFraction - fraction.length))
}
