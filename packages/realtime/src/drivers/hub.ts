import type { HubSlot } from '@backchannel/protocol'
import type { Driver } from '../driver.ts'
import { defaultTimeoutMs } from '../driver.ts'
import { RealtimeError } from '../errors.ts'
import { serialise } from '../json-form.ts'

/** The hub of this process, reached through its slot: no network. */
export function createHubDriver(hub: HubSlot): Driver {
  return {
    name: 'hub',
    async call(method, request, { timeoutMs } = {}) {
      const reply = await guarded(method, timeoutMs, () => hub.call(method, request))
      if ('error' in reply) {
        // The hub calls it a bad request, as it would any other. Asked here only: who succeeds does not pay for it.
        serialise(method, request)
        const { code, message } = reply.error
        throw new RealtimeError('rejected', `${method}: the hub answered error ${code} (${message})`, { code })
      }
      return reply.result
    },
    async batch(request, { timeoutMs } = {}) {
      // Before anything runs: a batch that cannot be sent as a whole is not sent in part.
      serialise('batch', request)
      return guarded('batch', timeoutMs, () => hub.batch(request))
    },
    tokenKey: () => hub.tokenKey(),
    subscriptionTokenKey: () => hub.subscriptionTokenKey(),
    websocketUrl: (request) => hub.websocketUrl(request),
  }
}

/**
 * The hub answers bad input with errors; what it throws all the same must not reach a publisher as it is. Stores and
 * handlers of the app's own may hang, so what isn't here at once has a limit.
 */
async function guarded<T>(
  method: string,
  timeoutMs: number = defaultTimeoutMs,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    const working = work()
    return isPromise(working) ? await inTime(method, timeoutMs, working) : working
  } catch (error) {
    throw error instanceof RealtimeError ? error : new RealtimeError('internal', `${method}: the hub threw`)
  }
}

/** By its shape: the hub may live in another realm. */
function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value
}

async function inTime<T>(method: string, timeoutMs: number, working: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const error = new RealtimeError('timeout', `${method}: no answer within ${timeoutMs} ms`)
    timer = setTimeout(() => reject(error), timeoutMs)
  })
  try {
    return await Promise.race([working, late])
  } finally {
    clearTimeout(timer)
  }
}
