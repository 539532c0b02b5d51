/** Updates of clients, looked at before they are let into a document. */
import * as Y from 'yjs'

/** Of values in values. Reading them recurses, and how deep that goes differs between processes. */
const maxDepth = 100

export interface CheckedUpdate {
  /** Takes away only. */
  readonly isDeletion: boolean
}

/** @returns undefined for what is not whole and well-formed, or nested beyond reason */
export function checkUpdate(update: Uint8Array): CheckedUpdate | undefined {
  try {
    const { structs } = Y.decodeUpdate(update)
    for (const struct of structs) {
      if ('content' in struct && isDeep(struct.content)) return undefined
    }
    return { isDeletion: structs.length === 0 }
  } catch {
    return undefined
  }
}

/** The app's own values: whatever a content holds that is neither Yjs's nor text. */
function isDeep(content: object): boolean {
  for (const name of ['arr', 'embed', 'value', 'opts'] as const) {
    if (name in content && isDeeper((content as Record<string, unknown>)[name])) return true
  }
  return false
}

/** Level by level, since recursion is what is feared. */
function isDeeper(value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; depth <= maxDepth; depth++) {
    const next: unknown[] = []
    for (const one of level) {
      if (typeof one === 'object' && one !== null && !ArrayBuffer.isView(one)) {
        for (const inner of Object.values(one)) if (typeof inner === 'object' && inner !== null) next.push(inner)
      }
    }
    if (next.length === 0) return false
    level = next
  }
  return true
}

/**
 * Takes out of a document what waits for something that never came. Kept, it would be neither stored nor told until the
 * gap is filled, by whomever, and then be told without having been stored. Whoever sent it has it.
 * @returns whether there was anything
 */
export function dropWaiting({ store }: Y.Doc): boolean {
  const { pendingStructs, pendingDs } = store
  if (pendingStructs === null && pendingDs === null) return false
  store.pendingStructs = null
  store.pendingDs = null
  return true
}
