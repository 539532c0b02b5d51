/**
 * Why the server ends a connection. y-websocket's convention: after 4400 to 4499 a client does not come back, after
 * anything else it does.
 */
export interface CloseReason {
  readonly code: number
  readonly reason: string
}

export const closeReasons = {
  brokenMessage: { code: 4400, reason: 'broken message' },
  brokenUpdate: { code: 4400, reason: 'broken update' },
  badRoom: { code: 4400, reason: 'bad room name' },
  forbidden: { code: 4403, reason: 'forbidden' },
  deleted: { code: 4410, reason: 'document deleted' },
  documentTooLarge: { code: 4413, reason: 'document too large' },
  goingAway: { code: 1001, reason: 'going away' },
  askAgain: { code: 4500, reason: 'come back' },
  unavailable: { code: 4503, reason: 'document unavailable' },
  full: { code: 4503, reason: 'too many rooms' },
} as const satisfies Record<string, CloseReason>
