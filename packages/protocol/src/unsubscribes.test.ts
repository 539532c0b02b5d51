import { expect, test } from 'vitest'
import { unsubscribeReason, type UnsubscribeName } from './unsubscribes.ts'

const official: readonly (readonly [UnsubscribeName, number, string])[] = [
  ['client', 0, 'client unsubscribed'],
  ['disconnect', 1, 'client disconnected'],
  ['server', 2000, 'server unsubscribe'],
  ['insufficientState', 2500, 'insufficient state'],
  ['expired', 2501, 'subscription expired'],
  ['stateInvalidated', 2502, 'state invalidated'],
]

test.each(official)('%s is %d %s', (name, code, reason) => {
  expect(unsubscribeReason(name)).toStrictEqual({ code, reason })
})
