/** Where documents are kept: what is appended here is durable before anybody sees it. */

/** A document as it is stored: the parts may overlap and come in any order, since they are merged as CRDT updates. */
export interface StoredDocument {
  /** The snapshot, if there is one, and every update since. */
  readonly updates: readonly Uint8Array[]
  /** What a compaction stands on. */
  readonly base: CompactionBase
}

/** Which rows a snapshot takes the place of. */
export interface CompactionBase {
  /** Of the snapshot; 0 before the first. */
  readonly revision: number
  /** Of the updates that were read. */
  readonly updateIds: readonly string[]
}

/** A state of a document that was kept. */
export interface Version {
  readonly id: string
  readonly createdAt: Date
  /** Of the snapshot. */
  readonly bytes: number
}

export interface SaveVersionOptions {
  /** How many of the room are kept; older ones go. */
  readonly most: number
  /** Only when the newest is at least so many milliseconds old. */
  readonly unlessWithinMs?: number
}

/** Every method may fail; the rooms that need it are closed then, and their clients come back later. */
export interface CollabStore {
  /** Makes the tables, if it has any. Called once, before anything else. */
  open(): Promise<void>
  load(room: string): Promise<StoredDocument>
  /** Resolves once the update is durable. */
  append(room: string, update: Uint8Array): Promise<void>
  /**
   * Puts a snapshot in the place of what it was made from, atomically.
   * @param snapshot holds everything that was loaded with `base`
   * @param base as `load` gave it
   * @returns false when another process was faster, and nothing was changed
   */
  compact(room: string, snapshot: Uint8Array, base: CompactionBase): Promise<boolean>
  /** Keeps a state as a version. @returns undefined when the newest was younger than `unlessWithinMs` */
  saveVersion(room: string, snapshot: Uint8Array, options: SaveVersionOptions): Promise<Version | undefined>
  /** Newest first. */
  versions(room: string): Promise<readonly Version[]>
  /** The version's snapshot; undefined when there is none of that id in that room. */
  version(room: string, id: string): Promise<Uint8Array | undefined>
  /** Removes the document and its versions. */
  delete(room: string): Promise<void>
}
