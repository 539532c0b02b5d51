import { disconnect, replyError, type ClientInfo, type Command } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'
import { mayUse } from '../session/permissions.ts'
import type { Session } from '../session/session.ts'

export function presence(
  core: Core,
  session: Session,
  { id, channel }: Extract<Command, { kind: 'presence' }>,
): MaybePromise<void> {
  return chain(read(core, session, channel), (clients) => session.reply({ id, presence: { presence: clients } }))
}

export function presenceStats(
  core: Core,
  session: Session,
  { id, channel }: Extract<Command, { kind: 'presenceStats' }>,
): MaybePromise<void> {
  return chain(read(core, session, channel), (clients) =>
    session.reply({ id, presenceStats: { numClients: clients.size, numUsers: countUsers(clients) } }),
  )
}

/** How many different users these clients are; anonymous ones count as one. */
export function countUsers(clients: ReadonlyMap<string, ClientInfo>): number {
  return new Set(Array.from(clients.values(), ({ user }) => user)).size
}

function read(core: Core, session: Session, channel: string): MaybePromise<ReadonlyMap<string, ClientInfo>> {
  if (channel === '') throw disconnect('badRequest')
  const { options } = core.namespaces.resolve(channel)
  if (!options.presence) throw replyError('notAvailable')
  const isSubscribed = session.subscriptions.get(channel)?.isSubscribed === true
  if (!mayUse(options, 'presence', session, isSubscribed)) throw replyError('permissionDenied')
  return core.presence.get(channel)
}
