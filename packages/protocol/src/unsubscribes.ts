/** Unsubscribe codes. From 2500 on the client subscribes again by itself. */
const table = {
  /** The client asked for it. */
  client: [0, 'client unsubscribed'],
  /** Its connection has ended; told to apps, never to clients. */
  disconnect: [1, 'client disconnected'],
  /** The app asked for it through the server API. */
  server: [2000, 'server unsubscribe'],
  /** Publications were missed: the client recovers by subscribing again. */
  insufficientState: [2500, 'insufficient state'],
  /** The subscription outlived its token. */
  expired: [2501, 'subscription expired'],
  /** The subscription's token no longer holds: the client asks for another. */
  stateInvalidated: [2502, 'state invalidated'],
} as const

export type UnsubscribeName = keyof typeof table

/** Why a subscription ended: the body of an unsubscribe push. */
export interface UnsubscribeReason {
  readonly code: number
  readonly reason: string
}

/** A reason of the table, by name. */
export function unsubscribeReason(name: UnsubscribeName): UnsubscribeReason {
  const [code, reason] = table[name]
  return { code, reason }
}
