/**
 * Instances with a name, which outlive the module that made them: a framework evaluates app code twice (server and
 * bundle), and again with every change in development. The slot may be shared by several copies of this file, so what
 * lies in it is asked for by shape.
 */
import type { Authenticate } from './admission.ts'
import type { Realtime, RealtimeWithPromises } from './realtime.ts'
import type { RealtimeOptions } from './types.ts'

export interface Singleton {
  readonly face: Realtime | RealtimeWithPromises
  /** The options of the last evaluation count. @throws TypeError for another driver: its connections are there */
  update(options: RealtimeOptions & { readonly authenticate?: Authenticate }): void
}

const key = Symbol.for('backchannel.realtime@1')
const holder = globalThis as { [key]?: Map<string, Singleton> }

export function singletons(): Map<string, Singleton> {
  return (holder[key] ??= new Map())
}
