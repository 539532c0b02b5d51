import type { EventsError } from './events-error.ts'
import type { EventMeta } from './types.ts'

/** What a driver tells; nothing any more after its `close()`. */
export interface WireEvents {
  opened(): void
  /** No connection, or none any more. @param isOver whether `open` has to be called for another attempt */
  lost(error: EventsError, isOver: boolean): void
  event(name: string, data: unknown, meta: EventMeta): void
  failed(error: EventsError): void
}

/** One driver: at most one connection at a time. */
export interface Wire {
  /** Makes an attempt. @throws what the browser's constructor throws, such as a SecurityError */
  open(): void
  /** There is a listener of this event now. */
  listen(event: string): void
  close(): void
}
