/**
 * Whose an upgrade is: Node calls every listener of `upgrade` for each. Marks, since who asks may come from another copy
 * of this file.
 */
import type { Duplex } from 'node:stream'

const claimed = Symbol.for('backchannel.claimed')
const behind = Symbol.for('backchannel.upgrade-listeners')

type Listener = (...parameters: never[]) => void

/** Takes a socket, so that who is asked later leaves it alone. */
export function claim(socket: Duplex): void {
  Object.defineProperty(socket, claimed, { value: true, configurable: true })
}

export function isClaimed(socket: Duplex): boolean {
  return claimed in socket
}

/** Says that a listener claims at once what is its own, and hands everything else to these. */
export function inFrontOf<Each extends Listener>(listener: Each, others: readonly Listener[]): Each {
  return Object.assign(listener, { [behind]: others })
}

/** The listeners that may still want a socket when nobody has claimed it. */
export function lastListeners(listeners: readonly Listener[]): readonly Listener[] {
  return listeners.flatMap((listener) => {
    const { [behind]: others } = listener as { [behind]?: readonly Listener[] }
    return others ? lastListeners(others) : [listener]
  })
}
