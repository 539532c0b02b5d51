/**
 * Why a publish was false. One line per reason and minute: a Centrifugo that is down must not fill the disk.
 */
import { defined } from './defined.ts'
import { RealtimeError } from './errors.ts'

/** Where failures are told; pino and the hub's logger fit. */
export interface RealtimeLogger {
  warn(fields: object, message: string): void
}

interface ReasonLog {
  /** Monotonic milliseconds of the last line. */
  at: number
  suppressed: number
}

interface LogState {
  logger: RealtimeLogger | undefined
  reasons: Map<string, ReasonLog>
  /** Missing variables that were warned of. */
  halfSet: Set<string>
}

/**
 * One per process, like the hub's slot: a framework loads app code twice, and a logger that is set in the server
 * process has to hold for the copy in the bundle.
 */
const key = Symbol.for('backchannel.realtime-log@1')
const holder = globalThis as { [key]?: LogState }

function state(): LogState {
  return (holder[key] ??= { logger: undefined, reasons: new Map(), halfSet: new Set() })
}

const consoleLogger: RealtimeLogger = {
  // oxlint-disable-next-line no-console -- the default sink of a library whose app has set no logger
  warn: (fields, message) => console.warn(message, fields),
}

/**
 * Where `publish`, `broadcast` and the configuration warnings write to, for the whole process; undefined brings back
 * `console.warn`. Payloads, keys and tokens are never written.
 */
export function setRealtimeLogger(logger: RealtimeLogger | undefined): void {
  state().logger = logger
}

const windowMs = 60_000
/** Reasons are few; the bound holds against a server that answers a new error code each time. */
const maxReasons = 256

/** Tells why a call of the best-effort kind failed. Never throws. */
export function logFailure(method: string, error: unknown, fields: object): void {
  const failure =
    error instanceof RealtimeError ? error : new RealtimeError('internal', `${method}: unexpected failure`)
  const { reasons } = state()
  const reason = [method, failure.reason, failure.status, failure.code].join(' ')
  const now = performance.now()
  const last = reasons.get(reason)
  if (last !== undefined && now - last.at < windowMs) {
    last.suppressed++
    return
  }
  if (reasons.size >= maxReasons) reasons.clear()
  reasons.set(reason, { at: now, suppressed: 0 })
  const suppressed = last?.suppressed ?? 0
  warn(
    {
      ...fields,
      ...defined({ reason: failure.reason, code: failure.code, status: failure.status }),
      ...(suppressed > 0 && { suppressed }),
    },
    `[realtime] ${failure.message}`,
  )
}

/** Told once per missing variable and process. */
export function warnHalfSet(present: string, missing: string): void {
  const { halfSet } = state()
  if (halfSet.has(missing)) return
  halfSet.add(missing)
  warn({ missing }, `[realtime] ${present} is set but ${missing} is not: Centrifugo is not used`)
}

function warn(fields: object, message: string): void {
  try {
    ;(state().logger ?? consoleLogger).warn(fields, message)
  } catch {
    // A logger that fails must not make a publish throw.
  }
}
