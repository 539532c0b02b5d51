import { isRecord } from '../load/values.ts'
import { centrifugoOptions } from '../options/index.ts'
import { isSpecial } from './special-names.ts'
import { removedNames, topNames } from './v5-names.ts'

/** Whether the value under a name that v5 and v6 share is v6's. */
function isOfV6(name: string, value: unknown): boolean {
  const node = centrifugoOptions.members.get(name.toLowerCase())
  if (!node) return false
  return node.kind === 'option' || (node.kind === 'groups' ? Array.isArray(value) : isRecord(value))
}

/** The top-level names that only v5 has. */
export function v5KeysOf(raw: unknown): string[] {
  if (!isRecord(raw)) return []
  return Object.entries(raw)
    .filter(([name, value]) => !isOfV6(name, value) && isV5Name(name))
    .map(([name]) => name)
}

function isV5Name(name: string): boolean {
  return topNames.has(name) || removedNames.has(name) || isSpecial(name)
}

/** A flat configuration, as Centrifugo had it up to v5. One with a section of v6 is v6's, with a mistake in it. */
export function isV5(raw: unknown): boolean {
  if (!isRecord(raw) || v5KeysOf(raw).length === 0) return false
  return !Object.entries(raw).some(([name, value]) => isRecord(value) && isOfV6(name, value))
}

/** Where a v5 option stands since v6. */
export function v6PathOf(name: string): string | undefined {
  return topNames.get(name)
}
