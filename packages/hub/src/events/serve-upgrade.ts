/** From a request for a WebSocket to a connection, through whatever the runtime has for it. */
import { crosswsHooks, crosswsRefusal } from '../adapters/crossws.ts'
import { refuse, refuseWhenFull, type Admission } from './admission.ts'
import { goingAway } from './connection.ts'
import type { EventCore } from './event-core.ts'
import type { UpgradeHooks } from './types.ts'
import {
  pendingUpgrades,
  upgradeHeader,
  type PendingUpgrade,
  type RawSocket,
  type RawSocketEvents,
} from './upgrade-slot.ts'
import { SocketConnection } from './websocket-connection.ts'

/** How an upgrade is taken on this runtime. */
export type UpgradeWay = { readonly id: string; readonly pending: PendingUpgrade } | 'crossws'

/**
 * @returns a refusal for what asks for no WebSocket
 * @throws Error when the runtime hands no upgrade over; says what to add
 */
export function upgradeWayOf(core: EventCore, request: Request): UpgradeWay | { readonly refusal: Response } {
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    return { refusal: refuse(426, 'This address speaks WebSocket', { upgrade: 'websocket', connection: 'upgrade' }) }
  }
  if (core.settings.crossws) return 'crossws'
  const id = request.headers.get(upgradeHeader)
  const pending = id === null ? undefined : pendingUpgrades().get(id)
  if (id !== null && pending) return { id, pending }
  throw new Error(
    'createRealtime: nothing here hands WebSocket upgrades over to upgrade(). ' +
      'On Node call attachUpgrades(server) from @backchannel/realtime/node once (in a Vite dev server: the plugin of ' +
      '@backchannel/realtime/vite); with crossws (Nitro, h3, srvx, Bun, Deno, Workers) pass createRealtime({ crossws: true })',
  )
}

/** Lets the upgrade go ahead, or turns it away. */
export function serveUpgrade(core: EventCore, way: UpgradeWay, admission: Admission, hooks: UpgradeHooks): Response {
  const refusal = 'refusal' in admission ? admission.refusal : refuseWhenFull(core)
  if (refusal) return way === 'crossws' ? crosswsRefusal(refusal) : refusal
  const userId = 'userId' in admission ? admission.userId : undefined
  core.reserved++
  const abandoned = (): void => {
    core.reserved--
  }
  const open = (socket: RawSocket): RawSocketEvents => {
    core.reserved--
    const connection = new SocketConnection(core, userId, socket, hooks)
    connection.open()
    // The server may have begun to go down while the handshake was under way.
    if (!core.isOpen) connection.end(goingAway)
    return {
      message: (data) => connection.message(data),
      pong: () => connection.pong(),
      closed: (code, reason) => connection.closedBy(code, reason),
    }
  }
  const { maxMessageBytes, heartbeat } = core.settings
  const limits = { maxMessageBytes, writeTimeout: heartbeat }
  if (way === 'crossws') {
    const response = refuse(426, 'This address speaks WebSocket', { upgrade: 'websocket' })
    return Object.assign(response, { crossws: crosswsHooks(open, abandoned, limits) })
  }
  way.pending.accept(open, abandoned, limits)
  return new Response(null, { headers: { [upgradeHeader]: way.id } })
}
