/**
 * Reply errors: what a command is answered with when it fails and the connection lives on.
 * Codes and messages are Centrifugo's. Apps use 400 to 1999 for their own.
 */

/** The wire shape of an error: `{"code":103,"message":"permission denied"}`. */
export interface ErrorBody {
  code: number
  message: string
  /** The client may try again by itself. Left out when false. */
  temporary?: true
}

/** Thrown by a handler or a command: becomes the reply's `error`; the connection stays open. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError'
  readonly code: number
  readonly temporary: boolean

  constructor(code: number, message: string, temporary = false) {
    super(message)
    this.code = code
    this.temporary = temporary
  }
}

/**
 * Whether this is a `ReplyError`, of whichever copy of this module and of whichever realm: app code that a framework
 * has bundled throws another class of the same name. Told by shape, code included: one that fits no error's field
 * would only break the answer.
 */
export function isReplyError(error: unknown): error is Pick<ReplyError, 'code' | 'message' | 'temporary'> {
  if (typeof error !== 'object' || error === null) return false
  const { name, code, message } = error as Partial<Record<keyof ReplyError, unknown>>
  return name === 'ReplyError' && typeof message === 'string' && isUint32(code) && code > 0
}

function isUint32(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32
}

/** The error as it goes on the wire. */
export function errorBody(error: Pick<ReplyError, 'code' | 'message' | 'temporary'>): ErrorBody {
  const body: ErrorBody = { code: error.code, message: error.message }
  if (error.temporary) body.temporary = true
  return body
}

const table = {
  /** Something unexpected failed on the server; worth another try. */
  internal: [100, 'internal server error', true],
  /** Kept for apps; the server itself does not answer it. */
  unauthorized: [101, 'unauthorized', false],
  /** The channel's namespace is not configured. */
  unknownChannel: [102, 'unknown channel', false],
  /** No option, token or handler allows it. */
  permissionDenied: [103, 'permission denied', false],
  /** No such RPC or API method. */
  methodNotFound: [104, 'method not found', false],
  /** This session already has that subscription. */
  alreadySubscribed: [105, 'already subscribed', false],
  /** More channels than `client.channel_limit`. */
  limitExceeded: [106, 'limit exceeded', false],
  /** A channel's name or data that the server does not accept. */
  badRequest: [107, 'bad request', false],
  /** The feature (history, presence, ...) is not enabled for this channel. */
  notAvailable: [108, 'not available', false],
  /** The token's `exp` has passed; the client asks for a new one. */
  tokenExpired: [109, 'token expired', false],
  /** `expire_at` lies in the past. */
  expired: [110, 'expired', false],
  /** A rate limit. */
  tooManyRequests: [111, 'too many requests', true],
  /** The asked position is of another epoch. */
  unrecoverablePosition: [112, 'unrecoverable position', false],
} as const

export type ReplyErrorName = keyof typeof table

/** A fresh error of the table, by name. */
export function replyError(name: ReplyErrorName): ReplyError {
  const [code, message, temporary] = table[name]
  return new ReplyError(code, message, temporary)
}

/** Code by name, for comparing. */
export const errorCodes: { readonly [name in ReplyErrorName]: number } = Object.fromEntries(
  Object.entries(table).map(([name, row]) => [name, row[0]]),
) as { [name in ReplyErrorName]: number }
