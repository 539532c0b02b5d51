import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { errorBody, errorCodes, isReplyError, replyError, ReplyError, type ReplyErrorName } from './errors.ts'

const official: readonly (readonly [ReplyErrorName, number, string, temporary: boolean])[] = [
  ['internal', 100, 'internal server error', true],
  ['unauthorized', 101, 'unauthorized', false],
  ['unknownChannel', 102, 'unknown channel', false],
  ['permissionDenied', 103, 'permission denied', false],
  ['methodNotFound', 104, 'method not found', false],
  ['alreadySubscribed', 105, 'already subscribed', false],
  ['limitExceeded', 106, 'limit exceeded', false],
  ['badRequest', 107, 'bad request', false],
  ['notAvailable', 108, 'not available', false],
  ['tokenExpired', 109, 'token expired', false],
  ['expired', 110, 'expired', false],
  ['tooManyRequests', 111, 'too many requests', true],
  ['unrecoverablePosition', 112, 'unrecoverable position', false],
]

describe('the table', () => {
  test.each(official)('%s is %d %s', (name, code, message, temporary) => {
    expect(errorBody(replyError(name))).toStrictEqual({ code, message, ...(temporary ? { temporary: true } : {}) })
    expect(errorCodes[name]).toBe(code)
    expect(isReplyError(replyError(name))).toBe(true)
  })

  test('has no other', () => {
    expect(Object.keys(errorCodes)).toEqual(official.map(([name]) => name))
  })

  test('makes a fresh error each time', () => {
    expect(replyError('internal')).not.toBe(replyError('internal'))
  })
})

test('an error of an app keeps its code and message', () => {
  expect(errorBody(new ReplyError(400, 'no such room'))).toStrictEqual({ code: 400, message: 'no such room' })
  expect(errorBody(new ReplyError(1999, '', true))).toStrictEqual({ code: 1999, message: '', temporary: true })
})

describe('isReplyError', () => {
  test('knows one of another copy and of another realm', () => {
    class AnotherCopy extends Error {
      override readonly name = 'ReplyError'
      readonly code = 103
    }
    const anotherRealm: unknown = runInNewContext(`
      class ReplyError extends Error {
        constructor(code, message) { super(message); this.name = 'ReplyError'; this.code = code }
      }
      new ReplyError(103, 'permission denied')
    `)
    expect(anotherRealm).not.toBeInstanceOf(Error)
    expect(isReplyError(new AnotherCopy('permission denied'))).toBe(true)
    expect(isReplyError(anotherRealm)).toBe(true)
  })

  test.each([
    [undefined],
    [null],
    ['ReplyError'],
    [new Error('ReplyError')],
    [Object.assign(new Error('x'), { code: 103 })],
    [Object.assign(new Error('x'), { name: 'ReplyError' })],
    [Object.assign(new Error('x'), { name: 'ReplyError', code: '103' })],
    [Object.assign(new Error('x'), { name: 'Disconnect', code: 3001, reason: 'x' })],
    [{ name: 'ReplyError', code: 103 }],
    // Codes that the field can't hold: they would leave the client with an error without a code, or with broken JSON.
    [new ReplyError(0, 'x')],
    [new ReplyError(-1, 'x')],
    [new ReplyError(1.5, 'x')],
    [new ReplyError(Number.NaN, 'x')],
    [new ReplyError(Number.POSITIVE_INFINITY, 'x')],
    [new ReplyError(2 ** 32, 'x')],
  ])('is false for %o', (value) => {
    expect(isReplyError(value)).toBe(false)
  })
})
