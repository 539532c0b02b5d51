/**
 * The server API as it is on the wire: every method with all of its fields, under the names that Centrifugo's own docs
 * use. For what the functions of this package leave out: where a publication came to stand, base64, sessions.
 */
import type {
  ErrorBody,
  ServerApiBatchCommand,
  ServerApiBatchReply,
  ServerApiMethod,
  ServerApiRequest,
  ServerApiResult,
} from '@backchannel/protocol'
import { defined } from './defined.ts'
import type { CallOptions } from './driver.ts'
import { requireDriver } from './engine.ts'
import { withRetries } from './retry.ts'

/** A command of a batch, in the wire's own names: `{ publish: { channel, data } }`. */
export type BatchCommand = ServerApiBatchCommand
/** The answer to some command: its method's result under its name, or `error`. */
export type BatchReply = ServerApiBatchReply['replies'][number]

/** The answer to this command. */
export type BatchReplyTo<Command> = ServerApiBatchCommand extends Command
  ? BatchReply
  : {
      [M in keyof Command & ServerApiMethod]:
        | ({ [K in M]: ServerApiResult<K> } & { error?: undefined })
        | ({ [K in M]?: undefined } & { error: ErrorBody })
    }[keyof Command & ServerApiMethod]

/** The answers to these commands, each in its command's place. */
export type BatchReplies<Commands extends readonly BatchCommand[]> = {
  -readonly [Index in keyof Commands]: BatchReplyTo<Commands[Index]>
}

type Arguments<Request> = Record<never, never> extends Request ? [request?: Request] : [request: Request]

/** Each rejects with a RealtimeError (`reason`, `code`, `status`) and with nothing else. */
export type ServerApi = {
  readonly [M in ServerApiMethod]: (...request: Arguments<ServerApiRequest<M>>) => Promise<ServerApiResult<M>>
} & {
  /**
   * Many commands with one request, one after the other unless `parallel`. A command's failure is a value, `error` in
   * its reply; only a batch that fails as a whole rejects.
   */
  batch<const Commands extends readonly BatchCommand[]>(
    commands: Commands,
    options?: { parallel?: boolean | undefined },
  ): Promise<BatchReplies<Commands>>
}

export interface ServerApiOptions {
  /** Limit of one attempt, answer included, milliseconds. @default 5000 */
  timeoutMs?: number | undefined
  /**
   * Further attempts after a failure that may pass (no connection, no answer in time, HTTP 500, 502, 503, 504, error
   * 100), of methods that may be called twice: not of `rpc`, `subscribe` and batches, and of `publish` and `broadcast`
   * only with an `idempotency_key`. @default 0
   */
  retries?: number | undefined
  /** Pause before each of them, milliseconds. @default 1000 */
  retryDelayMs?: number | undefined
}

/** In a record, so that none is forgotten: whether a call may be repeated, for what it asks. */
const repeatable: { readonly [M in ServerApiMethod]: boolean | 'with a key' } = {
  publish: 'with a key',
  broadcast: 'with a key',
  subscribe: false,
  unsubscribe: true,
  disconnect: true,
  refresh: true,
  presence: true,
  presence_stats: true,
  history: true,
  history_remove: true,
  channels: true,
  info: true,
  rpc: false,
}

/**
 * The server API of Centrifugo or of the hub of this process, whichever the environment names when a method is called.
 */
export function serverApi(options: ServerApiOptions = {}): ServerApi {
  const { timeoutMs, retries = 0, retryDelayMs = 1000 } = options
  const callOptions: CallOptions = defined({ timeoutMs })

  // Async, so that a missing engine rejects like every other failure.
  const call = async (method: ServerApiMethod, request: object): Promise<unknown> => {
    const attempt = async (): Promise<unknown> => requireDriver(method).call(method, request, callOptions)
    const mayRepeat =
      repeatable[method] === 'with a key'
        ? Boolean((request as ServerApiRequest<'publish'>).idempotency_key)
        : repeatable[method]
    return withRetries({ retries: mayRepeat ? retries : 0, retryDelayMs }, attempt)
  }
  const methods = Object.keys(repeatable) as ServerApiMethod[]
  const calls = methods.map((method) => [method, (request: object = {}) => call(method, request)] as const)

  const batch: ServerApi['batch'] = async (commands, { parallel } = {}) => {
    const { replies } = await requireDriver('batch').batch({ commands, ...defined({ parallel }) }, callOptions)
    return replies as BatchReplies<typeof commands>
  }
  return { ...Object.fromEntries(calls), batch } as unknown as ServerApi
}
