/** The front door of the second face: realtime inside an app's own server, for `EventSource` and `WebSocket` as they are. */

import { systemClock } from '../clock.ts'
import type { Authenticate } from './admission.ts'
import { Instance } from './instance.ts'
import type { Realtime, RealtimeWithPromises } from './realtime.ts'
import { singletons } from './singletons.ts'
import type { EventMap, EventSchemas, PayloadsOf, RealtimeOptions } from './types.ts'

type Options<Events extends object> = RealtimeOptions<Events> & {
  /**
   * Who a request comes from: a user id, or null for nobody who is known. Unset, nobody is known and everybody is let
   * in. What it throws is answered with 500.
   */
  readonly authenticate?: (request: Request) => string | null | undefined
}
type OptionsWithPromises<Events extends object> = RealtimeOptions<Events> & {
  /** The same with a promise: `sse` and `upgrade` then give promises, too. */
  readonly authenticate: (request: Request) => Promise<string | null | undefined>
}
type WithSchemas<Base, Schemas extends EventSchemas> = Omit<Base, 'events'> & {
  /** Validators of payloads, by event: checked before anything is sent. The events' types follow from them. */
  readonly events: Schemas
}

/**
 * Realtime inside this process, for browsers without a client library.
 *
 * The events' types are given as a map, `createRealtime<{ order: Order }>()`, or follow from `events`.
 * @throws TypeError for an option that can't be, which it names
 */
export function createRealtime<const Schemas extends EventSchemas>(
  options: WithSchemas<Options<EventMap>, Schemas>,
): Realtime<PayloadsOf<Schemas>>
export function createRealtime<const Schemas extends EventSchemas>(
  options: WithSchemas<OptionsWithPromises<EventMap>, Schemas>,
): RealtimeWithPromises<PayloadsOf<Schemas>>
export function createRealtime<Events extends object = EventMap>(options?: Options<Events>): Realtime<Events>
export function createRealtime<Events extends object = EventMap>(
  options: OptionsWithPromises<Events>,
): RealtimeWithPromises<Events>
export function createRealtime(
  options: RealtimeOptions & { readonly authenticate?: Authenticate } = {},
): Realtime | RealtimeWithPromises {
  // Checked whole by the instance; a null has no id to look for.
  const { id } = options ?? {}
  if (id === undefined) return new Instance(options, systemClock).face
  const known = singletons().get(id)
  if (known) {
    known.update(options)
    return known.face
  }
  const instance = new Instance(options, systemClock)
  singletons().set(id, instance)
  void instance.closed.then(() => singletons().delete(id))
  return instance.face
}
