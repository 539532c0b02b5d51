import { replyError, type Command } from '@backchannel/protocol'
import type { Core } from '../core.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'
import { parsePayload, toPayload } from '../payloads.ts'
import type { Session } from '../session.ts'

export function rpc(
  core: Core,
  session: Session,
  { id, method, data }: Extract<Command, { kind: 'rpc' }>,
): MaybePromise<void> {
  if (!core.handlers.onRpc) throw replyError('notAvailable')
  const answer = core.handlers.onRpc({ method, data: parsePayload(data), client: session.client, user: session.user })
  return chain(answer, (result) =>
    session.reply({ id, rpc: result.data === undefined ? {} : { data: toPayload(result.data) } }),
  )
}
