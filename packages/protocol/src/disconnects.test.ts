import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { Disconnect, disconnect, isDisconnect, isReconnectCode, type DisconnectName } from './disconnects.ts'
import { replyError } from './errors.ts'

const official: readonly (readonly [DisconnectName, number, string, comesBack: boolean])[] = [
  ['connectionClosed', 3000, 'connection closed', true],
  ['shutdown', 3001, 'shutdown', true],
  ['serverError', 3004, 'internal server error', true],
  ['connectionExpired', 3005, 'connection expired', true],
  ['subscriptionExpired', 3006, 'subscription expired', true],
  ['slow', 3008, 'slow', true],
  ['writeError', 3009, 'write error', true],
  ['insufficientState', 3010, 'insufficient state', true],
  ['forceReconnect', 3011, 'force reconnect', true],
  ['noPong', 3012, 'no pong', true],
  ['tooManyRequests', 3013, 'too many requests', true],
  ['stateInvalidated', 3014, 'state invalidated', true],
  ['invalidToken', 3500, 'invalid token', false],
  ['badRequest', 3501, 'bad request', false],
  ['stale', 3502, 'stale', false],
  ['forceNoReconnect', 3503, 'force disconnect', false],
  ['connectionLimit', 3504, 'connection limit', false],
  ['channelLimit', 3505, 'channel limit', false],
  ['inappropriateProtocol', 3506, 'inappropriate protocol', false],
  ['permissionDenied', 3507, 'permission denied', false],
  ['notAvailable', 3508, 'not available', false],
  ['tooManyErrors', 3509, 'too many errors', false],
]

test.each(official)('%s is %d %s', (name, code, reason, comesBack) => {
  expect(disconnect(name)).toMatchObject({ name: 'Disconnect', code, reason, message: `${code} ${reason}` })
  expect(isDisconnect(disconnect(name))).toBe(true)
  expect(isReconnectCode(code)).toBe(comesBack)
})

test('clients come back after 3000 to 3499, 4000 to 4499, 5000 and above, and what is no code of the protocol', () => {
  const rule = (code: number): boolean => !(code >= 3500 && code <= 3999) && !(code >= 4500 && code <= 4999)
  for (let code = 0; code <= 6000; code++) expect(isReconnectCode(code), String(code)).toBe(rule(code))
})

describe('what a Close frame can carry', () => {
  test.each([1000, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999])('code %d', (code) => {
    expect(new Disconnect(code, '')).toMatchObject({ code, reason: '' })
  })

  test.each([0, 1, 200, 999, 1004, 1005, 1006, 1015, 2000, 2999, 5000, 65_536, -1, 3000.5, Number.NaN, '3000'])(
    'not code %o',
    (code) => {
      expect(() => new Disconnect(code as number, '')).toThrow(RangeError)
    },
  )

  test('a reason of 123 bytes and no more', () => {
    expect(new Disconnect(4000, 'x'.repeat(123)).reason).toHaveLength(123)
    expect(new Disconnect(4000, 'ä'.repeat(61)).reason).toHaveLength(61)
    for (const reason of ['x'.repeat(124), 'ä'.repeat(62), '\u{1f600}'.repeat(31), undefined]) {
      expect(() => new Disconnect(4000, reason as string)).toThrow(RangeError)
    }
  })
})

describe('isDisconnect', () => {
  test('knows one of another copy and of another realm', () => {
    class AnotherCopy extends Error {
      override readonly name = 'Disconnect'
      readonly code = 4001
      readonly reason = 'bye'
    }
    const anotherRealm: unknown = runInNewContext(`
      class Disconnect extends Error {
        constructor(code, reason) { super(reason); this.name = 'Disconnect'; this.code = code; this.reason = reason }
      }
      new Disconnect(4001, 'bye')
    `)
    expect(anotherRealm).not.toBeInstanceOf(Error)
    expect(isDisconnect(new AnotherCopy())).toBe(true)
    expect(isDisconnect(anotherRealm)).toBe(true)
  })

  test.each([
    [undefined],
    [null],
    ['Disconnect'],
    [new Error('Disconnect')],
    [replyError('internal')],
    [Object.assign(new Error('x'), { code: 4001, reason: 'bye' })],
    [{ name: 'Disconnect', code: 4001 }],
    [{ name: 'Disconnect', code: '4001', reason: 'bye' }],
    [{ name: 'Disconnect', code: 200, reason: 'bye' }],
    [{ name: 'Disconnect', code: 4001, reason: 'x'.repeat(124) }],
  ])('is false for %o', (value) => {
    expect(isDisconnect(value)).toBe(false)
  })
})
