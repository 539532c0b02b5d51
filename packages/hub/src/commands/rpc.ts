import type { Command } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'
import type { Session } from '../session/session.ts'

/** A remote call: the hub's own ping, or what the app answers. */
export function rpc(
  core: Core,
  session: Session,
  { id, method, data }: Extract<Command, { kind: 'rpc' }>,
): MaybePromise<void> {
  const { ping } = core.config.rpc
  if (ping.enabled && method === ping.method) {
    session.reply({ id, rpc: {} })
    return undefined
  }
  return chain(core.say.rpc(session, method, data), (result) =>
    session.reply({ id, rpc: result === undefined ? {} : { data: result } }),
  )
}
