import { expect, test } from 'vitest'
import { readUserId } from './user-id.ts'

test.each<[string, string, string]>([
  ['{"id":"42"}', 'id', '42'],
  [String.raw`{"id":"ä\u00e4\""}`, 'id', 'ää"'],
  ['{"id":42}', 'id', '42'],
  ['{"id":12345678901234567890}', 'id', '12345678901234567890'],
  ['{"id":true}', 'id', 'true'],
  ['{"id":null}', 'id', ''],
  ['{"id":""}', 'id', ''],
  ['{"sub":"42"}', 'id', ''],
  ['{"id":"1","id":"2"}', 'id', '2'],
  ['{}', '__proto__', ''],
  ['{}', 'constructor', ''],
])('the user of %s by %s is %j', (payload, claim, user) => {
  expect(readUserId(payload, claim)).toBe(user)
})
