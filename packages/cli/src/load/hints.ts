import { v6PathOf } from '../legacy/recognise.ts'
import { centrifugoOptions } from '../options/index.ts'
import type { Node } from '../options/kinds.ts'

/** Where options of this name are, of those that stand in no list. */
function placesOf(wanted: string, node: Node = centrifugoOptions, path = ''): string[] {
  if (node.kind !== 'group') return []
  return Array.from(node.members).flatMap(([name, member]) => {
    const at = path === '' ? name : `${path}.${name}`
    return [...(name === wanted ? [at] : []), ...placesOf(wanted, member, at)]
  })
}

/** For a name that its section doesn't have: the place of the only option that is called so, or its name since v6. */
export function hintFor(name: string, section: string): string | undefined {
  const moved = section === '' ? v6PathOf(name) : undefined
  if (moved !== undefined) return `since v6 it is ${moved}`
  const places = placesOf(name)
  return places.length === 1 ? `did you mean ${places[0]}?` : undefined
}
