/** `@backchannel/collab`: documents that several people edit at once, in the browser. */
export { defineCollab, type CollabExtensionOptions } from './define-collab.ts'
export {
  CollabRefused,
  createCollabSession,
  type CollabPeer,
  type CollabSession,
  type CollabSessionOptions,
  type CollabStatus,
  type CollabUser,
} from './session.ts'
