import { describe, expect, test } from 'vitest'
import { claimPath, readUserId } from './user-id.ts'

test.each<[string, string[]]>([
  ['sub', ['sub']],
  ['user_id', ['user_id']],
  ['https://id:8080/user', ['https://id:8080/user']],
  ['user.id', ['user', 'id']],
  [String.raw`https://id\.example/user`, ['https://id.example/user']],
  [String.raw`a\.b.c`, ['a.b', 'c']],
  ['__proto__', ['__proto__']],
])('%s leads to %j', (text, path) => {
  expect(claimPath(text)).toEqual(path)
})

test.each(['a.', '.a', 'a..b', '.', 'a.#', 'users.*', 'a|b', '@this', 'a.#(b==1)', '{a}', '[0]', 'a?'])(
  '%s is no path',
  (text) => {
    expect(() => claimPath(text)).toThrow('expected')
  },
)

describe('the user', () => {
  test.each<[string, string, string]>([
    ['{"id":"42"}', 'id', '42'],
    [String.raw`{"id":"ä\u00e4\""}`, 'id', 'ää"'],
    ['{"id":42}', 'id', '42'],
    ['{"id":12345678901234567890}', 'id', '12345678901234567890'],
    ['{"id":true}', 'id', 'true'],
    ['{"id":null}', 'id', ''],
    ['{"id":""}', 'id', ''],
    ['{"sub":"42"}', 'id', ''],
    ['{"user":{"id":"42"}}', 'user.id', '42'],
    ['{"user":"42"}', 'user.id', ''],
    ['{"user":["42"]}', 'user.id', ''],
    ['{"a.b":"42"}', String.raw`a\.b`, '42'],
    ['{"id":"1","id":"2"}', 'id', '2'],
    ['{}', '__proto__', ''],
    ['{}', 'constructor', ''],
  ])('of %s by %s is %j', (payload, path, user) => {
    expect(readUserId(payload, claimPath(path))).toBe(user)
  })
})
