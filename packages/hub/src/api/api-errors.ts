import { isDisconnect, isReplyError, replyError } from '@backchannel/protocol'
import type { Core } from '../core.ts'

/** An error of the server API: as in replies to clients, but never `temporary`. */
export interface ApiError {
  readonly code: number
  readonly message: string
}

/** What an API call that threw is answered with; what nobody expected is logged and says nothing of itself. */
export function apiErrorOf(core: Core, error: unknown): ApiError {
  if (isReplyError(error)) return named(error)
  // A handler that would disconnect a client has none here.
  if (!isDisconnect(error)) core.logger.error({ err: error }, 'api call failed')
  return named(replyError('internal'))
}

function named({ code, message }: { code: number; message: string }): ApiError {
  // Centrifugo's API has its own word for this one.
  return { code, message: code === replyError('methodNotFound').code ? 'not found' : message }
}
