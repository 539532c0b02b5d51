import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keyEndpointProblem, resolveKeyEndpoint, type KeyEndpointOptions } from './key-endpoint.ts'

function problem(jwks_public_endpoint: string, more: Partial<KeyEndpointOptions> = {}): string | undefined {
  return keyEndpointProblem({
    jwks_public_endpoint,
    issuer_regex: '',
    audience_regex: '',
    insecure_skip_jwks_endpoint_safety_check: false,
    ...more,
  })
}

const templated = 'https://keys.example/{{realm}}/certs'

describe('an endpoint', () => {
  test.each(['https://keys.example/certs', 'http://127.0.0.1:8080/', 'https://keys.example/a?b={c}'])(
    '%s is fine',
    (endpoint) => {
      expect(problem(endpoint)).toBeUndefined()
    },
  )

  test.each([
    'keys.example',
    'ftp://keys.example',
    'https://',
    'file:///etc/passwd',
    'javascript:alert(1)',
    ' https://a',
  ])('%s is none', (endpoint) => {
    expect(problem(endpoint)).toBe('expected an http: or https: URL')
  })

  test('takes no user and no password', () => {
    expect(problem('https://user:secret@keys.example/')).toBe('expected a URL without a user name and a password')
    expect(problem('https://user@keys.example/')).toMatch('without a user name')
  })
})

describe('a placeholder', () => {
  test.each([
    '^https://id.example/(?P<realm>one|two)$',
    '(?<realm>one)',
    String.raw`(?P<realm>one\.a|two\-b|)`,
    '(?P<realm>(?:a|b)c|d)/.*',
    '(?i)(?P<realm>one|two)',
    '(?P<other>.*)/(?P<realm>one)',
  ])('may stand for a list of values: %s', (issuer_regex) => {
    expect(problem(templated, { issuer_regex })).toBeUndefined()
    expect(problem(templated, { audience_regex: issuer_regex })).toBeUndefined()
    expect(problem('https://{{realm}}.example/', { issuer_regex })).toBeUndefined()
  })

  test.each([
    '(?P<realm>.*)',
    '(?P<realm>.)',
    '(?P<realm>a+)',
    '(?P<realm>a*|b)',
    '(?P<realm>a?)',
    '(?P<realm>a{2})',
    '(?P<realm>[a-z])',
    '(?P<realm>[)]|.*)',
    String.raw`(?P<realm>\w)`,
    String.raw`(?P<realm>\d|one)`,
    String.raw`(?P<realm>\pL)`,
    String.raw`(?P<realm>\Q.*\E)`,
    '(?P<realm>(?i:a))',
    '(?P<realm>(a|b)+)',
    '(?P<realm>^one$)',
    String.raw`\(?P<realm>one)(?P<realm>.*)`,
  ])('may not stand for what anybody chooses: %s', (issuer_regex) => {
    expect(problem(templated, { issuer_regex })).toMatch('must be a list of values')
    // Also when the other claim's group is one.
    expect(problem(templated, { issuer_regex, audience_regex: '(?P<realm>one)' })).toMatch('must be a list of values')
  })

  test('needs a group', () => {
    expect(problem(templated)).toBe('no named group of issuer_regex or audience_regex gives {{realm}}')
    expect(problem(templated, { issuer_regex: '(?P<Realm>a)' })).toMatch('no named group')
    expect(problem('https://keys.example/{{}}', { issuer_regex: '(a)' })).toMatch('no named group')
  })

  test('without the check stands for anything, but in no host', () => {
    const open = { issuer_regex: '(?P<realm>.*)', insecure_skip_jwks_endpoint_safety_check: true }
    expect(problem(templated, open)).toBeUndefined()
    expect(problem('https://keys.example?realm={{realm}}', open)).toBeUndefined()
    expect(problem('https://{{realm}}/certs', open)).toBe('{{realm}} in a host must be a list of values')
    expect(problem('https://keys.example:{{realm}}/certs', open)).toMatch(/in a host|expected an http/)
  })
})

describe('a resolved endpoint', () => {
  const resolve = (realm: string): string => resolveKeyEndpoint(templated, new Map([['realm', realm]]))

  test('holds the value encoded', () => {
    expect(resolve('one')).toBe('https://keys.example/one/certs')
    expect(resolve('a/b?c#d@e:f')).toBe('https://keys.example/a%2Fb%3Fc%23d%40e%3Af/certs')
    expect(resolve('..\\..')).toBe('https://keys.example/..%5C../certs')
    expect(resolve('%2e%2e')).toBe('https://keys.example/%252e%252e/certs')
  })

  test.each(['', '.', '..'])('can not be made with %j', (value) => {
    expect(() => resolve(value)).toThrow('no usable value for {{realm}}')
  })

  test('can not be made without the group, or with what is no text of characters', () => {
    expect(() => resolveKeyEndpoint(templated, new Map())).toThrow('no usable value')
    expect(() => resolve('\ud800')).toThrow('URI malformed')
  })

  test('whatever the value, never leads to another host or beside its place in the path', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[./\\%@:?#a2eEfF]{1,12}$/),
      fc.constantFrom('127.0.0.1', '169.254.169.254/latest', '//evil.example', 'x@evil.example', '\n', ' ', '\t..'),
    )
    fc.assert(
      fc.property(value, (realm) => {
        let url: URL
        try {
          url = new URL(resolve(realm))
        } catch {
          return
        }
        expect(url.origin).toBe('https://keys.example')
        expect(url.search + url.hash).toBe('')
        expect(url.pathname.split('/')).toHaveLength(3)
        expect(url.pathname.endsWith('/certs')).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})
