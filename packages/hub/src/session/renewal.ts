/** What has expired and may go on: the app is asked, where it has a say in that. */
import { disconnect, isDisconnect, type Payload } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import { chain, isPromise, type MaybePromise } from '../maybe-promise.ts'
import type { RenewDecision } from '../say/decisions.ts'
import type { Session } from './session.ts'
import type { Subscription } from './subscription.ts'

interface Renewed {
  readonly expireAt: number
  readonly info?: Payload
  readonly meta?: Payload
}

/** Asks whether a connection goes on; else it ends with 3005. */
export function renewConnection(core: Core, session: Session): void {
  settle(core, session, () =>
    chain(core.say.refresh(session), (decision) => {
      const renewed = renewedBy(core, decision)
      // A connection can't be told to live for ever: its end was set when it began.
      if (renewed && renewed.expireAt > 0) session.renew(renewed.expireAt, renewed)
      else session.disconnect(disconnect('connectionExpired'))
    }),
  )
}

/** Asks whether a subscription goes on; else it ends with 2501, or with its connection where the server has made it. */
export function renewSubscription(core: Core, session: Session, subscription: Subscription): void {
  const { channelName, grant } = subscription
  settle(core, session, () =>
    chain(core.say.subRefresh(session, channelName, grant.options), (decision) => {
      if (session.subscriptions.get(channelName) !== subscription) return
      const renewed = renewedBy(core, decision)
      if (!renewed) {
        session.endExpired(subscription)
        return
      }
      subscription.renew(renewed.expireAt, renewed.info)
      session.scheduleAlarm()
    }),
  )
}

/** Undefined when it has ended, also by a time that is over. */
function renewedBy(core: Core, decision: RenewDecision): Renewed | undefined {
  if (decision.expired) return undefined
  const { expireAt } = decision
  return expireAt > 0 && expireAt * 1000 <= core.clock.now() ? undefined : decision
}

/** Nobody waits for it: what is thrown ends the connection, in the way that was thrown. */
function settle(core: Core, session: Session, run: () => MaybePromise<void>): void {
  const fail = (error: unknown): void => {
    if (!isDisconnect(error)) core.report(error, 'renewal')
    session.disconnect(isDisconnect(error) ? error : disconnect('serverError'))
  }
  try {
    const running = run()
    if (isPromise(running)) void running.catch(fail)
  } catch (error) {
    fail(error)
  }
}
