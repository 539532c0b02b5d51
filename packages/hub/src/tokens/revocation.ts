/** Tokens that are taken back: refused from now on, and what was opened with them ends. */
import { disconnect, unsubscribeReason } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import type { Session } from '../session/session.ts'
import type { InvalidateOptions, RevokeOptions, TokenMark } from './revocations.ts'

/** @throws TypeError @throws RangeError when nothing more can be remembered */
export function revokeToken(core: Core, id: string, options: RevokeOptions = {}): void {
  const { revocations } = core.tokens
  revocations.revoke(id, options)
  for (const session of Array.from(core.registry.sessions)) end(session, (token) => token.id === id)
}

/** @throws TypeError @throws RangeError when nothing more can be remembered */
export function invalidateUserTokens(core: Core, user: string, options: InvalidateOptions = {}): void {
  const { channel: only = '' } = options
  const issuedBefore = core.tokens.revocations.invalidate(user, options)
  const isHit = (token: TokenMark): boolean => token.issuedAt < issuedBefore
  for (const session of Array.from(core.registry.ofUser(user))) {
    end(session, (token, channel) => (only === '' || channel === only) && isHit(token))
  }
}

/** Its client drops its token, and asks the app for another. */
function end(
  session: Session,
  /** @param channel of a subscription token; undefined for a connection token */
  isHit: (token: TokenMark, channel?: string) => boolean,
): void {
  if (session.token && isHit(session.token)) {
    session.disconnect(disconnect('stateInvalidated'))
    return
  }
  for (const [channel, subscription] of Array.from(session.subscriptions)) {
    if (subscription.token && isHit(subscription.token, channel)) {
      session.unsubscribe(subscription, unsubscribeReason('stateInvalidated'))
    }
  }
}
