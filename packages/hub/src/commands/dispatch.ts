import {
  disconnect,
  Disconnect,
  errorBody,
  isDisconnect,
  isReplyError,
  replyError,
  type Command,
} from '@backchannel/protocol'
import type { Core } from '../core.ts'
import { frameType } from '../telemetry/count-messages.ts'
import { isPromise } from '../maybe-promise.ts'
import type { Session } from '../session/session.ts'
import { connect } from './connect.ts'
import { history } from './history.ts'
import { presence, presenceStats } from './presence.ts'
import { publish } from './publish.ts'
import { refresh } from './refresh.ts'
import { rpc } from './rpc.ts'
import { send } from './send.ts'
import { subRefresh } from './sub-refresh.ts'
import { subscribe } from './subscribe.ts'
import { unsubscribe } from './unsubscribe.ts'

/**
 * Runs one command. The one place where what was thrown becomes an error reply or a disconnect; it never throws and
 * its promise never rejects.
 */
export function dispatch(core: Core, session: Session, command: Command): void | Promise<void> {
  const startedAt = core.clock.monotonic()
  const done = (): void => core.counters.commands.add(core.clock.monotonic() - startedAt, frameType(command.kind))
  try {
    const running = run(core, session, command)
    if (isPromise(running)) {
      return running.then(done, (error: unknown) => {
        fail(core, session, command, error)
        done()
      })
    }
  } catch (error) {
    fail(core, session, command, error)
  }
  done()
  return undefined
}

function run(core: Core, session: Session, command: Command): void | Promise<void> {
  if (session.state === 'connecting' && command.kind !== 'connect') throw disconnect('badRequest')
  switch (command.kind) {
    case 'connect':
      return connect(core, session, command)
    case 'subscribe':
      return subscribe(core, session, command)
    case 'unsubscribe':
      return unsubscribe(session, command)
    case 'publish':
      return publish(core, session, command)
    case 'presence':
      return presence(core, session, command)
    case 'presenceStats':
      return presenceStats(core, session, command)
    case 'history':
      return history(core, session, command)
    case 'rpc':
      return rpc(core, session, command)
    case 'refresh':
      return refresh(core, session, command)
    case 'subRefresh':
      return subRefresh(core, session, command)
    case 'pong':
      return session.pong()
    case 'send':
      return send(core, session, command)
    case 'ping':
    case 'unknown':
      throw disconnect('badRequest')
  }
}

/** Why the hub has thrown it, in a word more than the client is told. */
function causeOf(error: unknown): { cause?: string } {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error ? { cause: cause.message } : {}
}

function fail(core: Core, session: Session, command: Command, error: unknown): void {
  if (isDisconnect(error)) {
    core.logger.info(
      { client: session.client, user: session.user, code: error.code, reason: error.reason, ...causeOf(error) },
      'disconnect',
    )
    if (command.kind !== 'connect' || !session.answerFailure(error.code, error.reason)) session.disconnect(error)
    return
  }
  const known = isReplyError(error) ? error : undefined
  if (!known) {
    core.logger.error(
      { err: error, client: session.client, user: session.user, command: command.kind },
      'command failed',
    )
  }
  const cause = causeOf(error)
  if (known && cause.cause !== undefined) {
    const { code, message: reason } = known
    core.logger.info({ client: session.client, user: session.user, code, reason, ...cause }, 'refused')
  }
  // A message has no answer: its failure is the app's to know.
  if (command.kind === 'send') return
  const failure = known ?? replyError('internal')
  core.counters.replyErrors.add(1, frameType(command.kind), failure.code)
  if (session.isUnidirectional) {
    // Connect is the only command there is.
    if (!session.answerFailure(failure.code, failure.message)) {
      session.disconnect(unidirectionalDisconnect(core, failure.code))
    }
    return
  }
  core.counters.sent.add(1, frameType(command.kind), session.transport)
  session.reply({ id: command.id, error: errorBody(failure) })
  if (command.kind === 'connect' && session.state === 'connecting') session.refuse()
}

/** Where nothing is answered, an error can only be told by a disconnect. */
function unidirectionalDisconnect(core: Core, code: number): Disconnect {
  const { enabled, transforms } = core.config.client.connect_code_to_unidirectional_disconnect
  const transform = enabled ? transforms.find((candidate) => candidate.code === code) : undefined
  if (transform) return new Disconnect(transform.to.code, transform.to.reason)
  switch (code) {
    case replyError('permissionDenied').code:
      return disconnect('permissionDenied')
    case replyError('tokenExpired').code:
    case replyError('expired').code:
      return disconnect('connectionExpired')
    case replyError('tooManyRequests').code:
      return disconnect('tooManyRequests')
    default:
      return disconnect('serverError')
  }
}
