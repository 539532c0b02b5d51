import { describe, expect, test } from 'vitest'
import { createCache } from './cache.ts'
import { CacheConfigError } from './errors.ts'
import { readUrl } from './url.ts'

const plain = { host: 'h', port: 6379, db: 0, username: undefined, password: undefined, tls: false }

describe('the url', () => {
  test.each([
    ['redis://h', plain],
    ['valkey://h:7000', { ...plain, port: 7000 }],
    ['rediss://h/', { ...plain, tls: true }],
    ['valkeys://h/15', { ...plain, db: 15, tls: true }],
    ['redis://:p%40ss%2F@h', { ...plain, password: 'p@ss/' }],
    ['redis://me:p@10.0.0.1:1/2', { host: '10.0.0.1', port: 1, db: 2, username: 'me', password: 'p', tls: false }],
    ['redis://[::1]:7', { ...plain, host: '::1', port: 7 }],
  ])('%s', (url, address) => {
    expect(readUrl(url)).toEqual({ kind: 'server', address })
  })

  test.each([
    ['memory:', 10_000, 64 * 1024 ** 2],
    ['memory:?entries=5', 5, 64 * 1024 ** 2],
    ['memory:?bytes=1gb', 10_000, 1024 ** 3],
    ['memory:?entries=7&bytes=512KB', 7, 512 * 1024],
    ['memory:?bytes=1', 10_000, 1],
  ])('%s', (url, entries, bytes) => {
    expect(readUrl(url)).toEqual({ kind: 'memory', bounds: { entries, bytes } })
  })

  test('none', () => {
    expect([readUrl(undefined), readUrl('')]).toEqual([{ kind: 'off' }, { kind: 'off' }])
  })

  test.each([
    [6379, /is a string such as 'redis:\/\/host:6379'/],
    ['canary', /can't be read\. It looks like 'redis:/],
    ['redis://u:canary@:6379', /can't be read/],
    ['redis://u:canary@h:port', /can't be read/],
    ['redis:canary', /names no host/],
    ['http://u:canary@h', /begins with 'http:'/],
    ['redis://u:canary@h/db', /path of the cache's url is the number of a database, such as \/0/],
    ['redis://u:canary@h/1/2', /number of a database/],
    [
      'redis://u:canary@h?db=1',
      /takes nothing behind the database\. A '\?' or '#' in a password is written %3F or %23/,
    ],
    ['redis://u:can#ary@h', /can't be read|names no host|takes nothing/],
    ['redis://u:canary%@h', /holds a '%' that encodes nothing\. Write it %25/],
    ['memory://canary', /is 'memory:' or, with bounds, 'memory:\?entries=10000&bytes=64mb'/],
    ['memory:canary', /is 'memory:' or/],
    ['memory:?size=5', /takes entries and bytes, not 'size'/],
    ['memory:?entries=0', /entries= is a number up to 10000000, not '0'/],
    ['memory:?entries=1kb', /entries= is a number/],
    ['memory:?entries=99999999', /entries= is a number/],
    ['memory:?entries=-1', /entries= is a number/],
    ['memory:?bytes=1tb', /bytes= is a size such as 1048576, 512kb, 64mb or 1gb, at most 64gb, not '1tb'/],
    ['memory:?bytes=65gb', /bytes= is a size/],
    ['memory:?bytes=', /bytes= is a size/],
    ['memory:?bytes=NaN', /bytes= is a size/],
  ])('refuses %s', (url, message) => {
    const make = () => createCache({ url: url as string })
    expect(make).toThrow(CacheConfigError)
    expect(make).toThrow(message)
    expect(make).not.toThrow(/canary@|:canary/)
  })

  test.each([
    [{ prefix: '' }, /prefix is a string of 1 to 100 characters/],
    [{ prefix: 'x'.repeat(101) }, /prefix is a string/],
    [{ prefix: 5 as unknown as string }, /prefix is a string/],
    [{ timeoutMs: 0 }, /timeoutMs is a number from 1 to 60000, not 0/],
    [{ timeoutMs: Number.NaN }, /timeoutMs is a number/],
  ])('refuses %j', (options, message) => {
    expect(() => createCache({ url: 'memory:', ...options })).toThrow(CacheConfigError)
    expect(() => createCache({ url: 'memory:', ...options })).toThrow(message)
  })
})
