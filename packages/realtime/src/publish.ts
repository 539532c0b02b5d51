import type { ServerApiResult } from '@backchannel/protocol'
import type { PayloadOf } from './channel-payloads.ts'
import { defined } from './defined.ts'
import { requireDriver } from './engine.ts'
import { RealtimeError } from './errors.ts'
import { requireJson } from './json-form.ts'
import { logFailure } from './log.ts'
import { withRetries } from './retry.ts'

/**
 * Sends data to a channel; true when the server took it. Never throws and never rejects: what goes wrong gives false
 * and leaves its reason in the log. Best effort: write to the database first.
 */
export async function publish<Channel extends string>(channel: Channel, data: PayloadOf<Channel>): Promise<boolean> {
  try {
    requireJson('publish', data)
    await requireDriver('publish').call('publish', { channel, data })
    return true
  } catch (error) {
    logFailure('publish', error, { channel })
    return false
  }
}

export interface BroadcastOptions {
  /** Per channel, remembered for 5 minutes: a repeat publishes nothing. @default a new key per call */
  idempotencyKey?: string | undefined
  /** Further attempts after a failure that may pass. @default 1 */
  retries?: number | undefined
  /** Pause before each of them, milliseconds. @default 1000 */
  retryDelayMs?: number | undefined
  /** Do not append to the channels' histories. */
  skipHistory?: boolean | undefined
  /** Small string facts beside the data. */
  tags?: Record<string, string> | undefined
  /** Subscribers that asked for patches may get it as one. */
  delta?: boolean | undefined
  /** With history: skipped when not above the version stored last. */
  version?: number | undefined
  /** Versions of another epoch are not compared. */
  versionEpoch?: string | undefined
}

/**
 * Sends the same data to many channels with one request; true when every channel took it. Never throws and never
 * rejects. A failure that may pass (no connection, no answer in time, HTTP 500, 502, 503, 504) is tried again once,
 * with the same idempotency key, so that no channel gets the data twice. Each attempt has 5 seconds.
 */
export async function broadcast<Channel extends string>(
  channels: readonly Channel[],
  data: PayloadOf<Channel>,
  options: BroadcastOptions = {},
): Promise<boolean> {
  try {
    requireJson('broadcast', data)
    const {
      retries = 1,
      retryDelayMs = 1000,
      idempotencyKey,
      skipHistory,
      tags,
      delta,
      version,
      versionEpoch,
    } = options
    const request = defined({
      channels: [...channels],
      data,
      idempotency_key: idempotencyKey || crypto.randomUUID(),
      skip_history: skipHistory,
      tags,
      delta,
      version,
      version_epoch: versionEpoch,
    })
    await withRetries({ retries, retryDelayMs }, async () => {
      // Asked for anew: the environment may have changed during the pause.
      requireEveryChannel(await requireDriver('broadcast').call('broadcast', request, { transportErrors: true }))
    })
    return true
  } catch (error) {
    logFailure('broadcast', error, { channels: Array.isArray(channels) ? channels.length : 0 })
    return false
  }
}

function requireEveryChannel(result: Partial<ServerApiResult<'broadcast'>>): void {
  const errors = (result.responses ?? []).flatMap((response) => ('error' in response ? [response.error] : []))
  const [first] = errors
  if (first === undefined) return
  throw new RealtimeError(
    'rejected',
    `broadcast: ${errors.length} of ${result.responses?.length} channels failed, the first with error ${first.code}`,
    { code: first.code },
  )
}
