import { expect, test } from 'vitest'
import { afterSignIn, readRedirect } from './redirect.ts'

test('a path of this app is kept', () => {
  expect(readRedirect('/sandbox/realtime?x=1')).toBe('/sandbox/realtime?x=1')
  expect(readRedirect('/')).toBe('/')
})

test.each(['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '', 7, undefined])(
  '%j leads to the default instead of another host',
  (value) => {
    expect(readRedirect(value)).toBe(afterSignIn)
  },
)
