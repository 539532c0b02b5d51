/**
 * Which upgrades are taken: Node calls every listener of `upgrade`, so who comes later has to know that a socket is
 * somebody's. Marked on the socket itself, since the other may come from another copy of this file.
 */
import type { Duplex } from 'node:stream'

const mark = Symbol.for('backchannel.claimed')

export function claim(socket: Duplex): void {
  Object.defineProperty(socket, mark, { value: true, configurable: true })
}

export function isClaimed(socket: Duplex): boolean {
  return mark in socket
}
