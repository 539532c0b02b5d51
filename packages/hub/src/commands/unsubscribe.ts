import { disconnect, unsubscribeReason, type Command } from '@backchannel/protocol'
import type { Session } from '../session/session.ts'

/** Answers the same whether there was a subscription or not. */
export function unsubscribe(session: Session, { id, channel }: Extract<Command, { kind: 'unsubscribe' }>): void {
  if (channel === '') throw disconnect('badRequest')
  session.subscriptions.get(channel)?.end(unsubscribeReason('client'))
  session.reply({ id, unsubscribe: {} })
}
