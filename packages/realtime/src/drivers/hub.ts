import type { HubSlot } from '@backchannel/protocol'
import type { Driver } from '../driver.ts'
import { RealtimeError } from '../errors.ts'
import { serialise } from '../json-form.ts'

/** The hub of this process, reached through its slot: no network. */
export function createHubDriver(hub: HubSlot): Driver {
  return {
    name: 'hub',
    async call(method, request) {
      const reply = await guarded(method, () => hub.call(method, request))
      if ('error' in reply) {
        // The hub calls it a bad request, as it would any other. Asked here only: who succeeds does not pay for it.
        serialise(method, request)
        const { code, message } = reply.error
        throw new RealtimeError('rejected', `${method}: the hub answered error ${code} (${message})`, { code })
      }
      return reply.result
    },
    async batch(request) {
      // Before anything runs: a batch that cannot be sent as a whole is not sent in part.
      serialise('batch', request)
      return guarded('batch', () => hub.batch(request))
    },
    tokenKey: () => hub.tokenKey(),
    subscriptionTokenKey: () => hub.subscriptionTokenKey(),
    websocketUrl: (request) => hub.websocketUrl(request),
  }
}

/** The hub answers bad input with errors; what it throws all the same must not reach a publisher as it is. */
async function guarded<T>(method: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch {
    throw new RealtimeError('internal', `${method}: the hub threw`)
  }
}
