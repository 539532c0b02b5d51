import { occupyHubSlot, vacateHubSlot, type HubSlot } from '@backchannel/protocol'

/** A slot that records and answers as told, for what a real hub never does: throwing, failing, being slow. */
export function occupyWithFakeHub(answer: (method: string, request: unknown) => unknown = () => ({ result: {} })): {
  calls: { method: string; request: unknown }[]
  vacate: () => void
} {
  const calls: { method: string; request: unknown }[] = []
  const slot: HubSlot = {
    version: 1,
    id: crypto.randomUUID(),
    call(method, request) {
      calls.push({ method, request })
      return answer(method, request) as never
    },
    batch: async (request) => answer('batch', request) as never,
    tokenKey: () => 'hub-connection-key-0123456789abcdef',
    subscriptionTokenKey: () => 'hub-subscription-key-0123456789abc',
    websocketUrl: (request) =>
      request === undefined ? 'ws://hub.test/connection/websocket' : `ws://${new URL(request.url).host}/own`,
  }
  occupyHubSlot(slot)
  return { calls, vacate: () => vacateHubSlot(slot) }
}
