import { describe, expect, test } from 'vitest'
import { isOriginAllowed, type OriginRules } from './origins.ts'

function rules(allowed: readonly string[], more: Partial<OriginRules> = {}): OriginRules {
  return { allowed, sameOrigin: false, trustProxy: false, ...more }
}

const listed = rules([
  'https://app.example.com',
  'http://localhost:3000',
  'https://*.glob.example',
  'HTTPS://Upper.Example',
])

test.each<[string | undefined]>([
  [undefined],
  [''],
  ['https://app.example.com'],
  ['HTTPS://APP.EXAMPLE.COM'],
  ['http://localhost:3000'],
  ['https://a.glob.example'],
  ['https://a.b.glob.example'],
  ['https://upper.example'],
])('%j may connect', (origin) => {
  expect(isOriginAllowed(listed, origin, 'hub.example')).toBe(true)
})

test.each([
  'null',
  'NULL',
  'https://app.example.com/',
  'https://app.example.com:443',
  'https://app.example.com:8443',
  'http://app.example.com',
  'https://app.example.com.evil.example',
  'https://evil-app.example.com',
  'https://app.example.com@evil.example',
  'https://xapp.example.com',
  ' https://app.example.com',
  'https://app.example.com https://evil.example',
  'http://localhost',
  'http://localhost:30000',
  'https://glob.example',
  'https://.glob.example.evil.example',
  'http://a.glob.example',
  'https://hub.example',
  'file://',
  '*',
  'https://*.glob.exampl',
])('%j may not', (origin) => {
  expect(isOriginAllowed(listed, origin, 'hub.example')).toBe(false)
})

test('nothing listed lets in only what sends no origin', () => {
  expect(isOriginAllowed(rules([]), undefined, 'hub.example')).toBe(true)
  expect(isOriginAllowed(rules([]), 'https://hub.example', 'hub.example')).toBe(false)
})

test('a star lets in everybody', () => {
  for (const origin of ['https://evil.example', 'null', 'file://', 'x']) {
    expect(isOriginAllowed(rules(['*']), origin, 'hub.example')).toBe(true)
  }
})

describe('the page’s own origin', () => {
  const own = rules([], { sameOrigin: true })

  test.each([
    ['https://hub.example', 'hub.example'],
    ['http://hub.example', 'hub.example'],
    ['https://HUB.example', 'Hub.Example'],
    ['http://localhost:3000', 'localhost:3000'],
    ['http://127.0.0.1:3000', '127.0.0.1:3000'],
    ['http://[::1]:3000', '[::1]:3000'],
    ['http://[::1]:3000', '[0:0:0:0:0:0:0:1]:3000'],
    ['https://hub.example', 'hub.example:443'],
    ['http://hub.example', 'hub.example:80'],
  ])('%s is that of Host %s', (origin, host) => {
    expect(isOriginAllowed(own, origin, host)).toBe(true)
    expect(isOriginAllowed(rules([]), origin, host)).toBe(false)
  })

  test.each<[string, string | undefined]>([
    ['https://hub.example', 'hub.example:8443'],
    ['https://hub.example', 'hub.example:80'],
    ['http://hub.example', 'hub.example:443'],
    ['https://hub.example', 'hub.example, evil.example'],
    ['https://hub.example:8443', 'hub.example'],
    ['https://hub.example', 'www.hub.example'],
    ['https://www.hub.example', 'hub.example'],
    ['https://hub.example.evil.example', 'hub.example'],
    ['https://hub.example', undefined],
    ['https://hub.example', ''],
    ['null', 'null'],
    ['null', undefined],
    ['file://', ''],
    ['file://hub.example', 'hub.example'],
    ['chrome-extension://hub.example', 'hub.example'],
    ['data:text/html,x', ''],
    ['hub.example', 'hub.example'],
    ['//hub.example', 'hub.example'],
    ['https://', ''],
  ])('%s is not that of Host %s', (origin, host) => {
    expect(isOriginAllowed(own, origin, host)).toBe(false)
  })
})
