/** An old state of a document, as a change of what it is now: nothing is taken back that others could still send. */
import * as Y from 'yjs'

/**
 * @param now the document's state
 * @param then the state to go back to, of the same document
 * @returns the update that brings the one back to the other
 */
export function revertTo(then: Uint8Array, now: Uint8Array): Uint8Array {
  // What was deleted since has to be there to be brought back.
  const past = new Y.Doc({ gc: false })
  Y.applyUpdate(past, then)
  const origin = {}
  const undo = new Y.UndoManager(past, { trackedOrigins: new Set([origin]), captureTimeout: 0 })
  Y.applyUpdate(past, now, origin)
  const before = Y.encodeStateVector(past)
  undo.undo()
  const revert = Y.encodeStateAsUpdate(past, before)
  past.destroy()
  return revert
}
