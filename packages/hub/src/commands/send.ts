import type { Command } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import type { Session } from '../session/session.ts'

/** A message without an answer, for the app's `onMessage`. */
export function send(core: Core, session: Session, { data }: Extract<Command, { kind: 'send' }>): MaybePromise<void> {
  return core.say.message(session, data)
}
