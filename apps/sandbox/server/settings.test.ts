import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { readSettings, SettingsError } from './settings.ts'

const read = (environment: Record<string, string>) => readSettings(environment, { mode: 'production', appDir: '/app' })

describe('settings', () => {
  test('nothing set: everything has a default, and the hub is embedded', () => {
    expect(read({})).toEqual({
      mode: 'production',
      host: '127.0.0.1',
      port: 3000,
      dataDir: path.resolve('/app/.data'),
      databaseUrl: undefined,
      secret: undefined,
      publicUrl: undefined,
      trustProxy: false,
      realtime: 'embedded',
      collab: 'embedded',
      collabUrl: undefined,
      messengerDelivery: 'commit',
      demoUser: true,
      logLevel: 'info',
    })
  })

  test('an empty value counts as unset', () => {
    const empty = Object.fromEntries(
      ['PORT', 'HOST', 'DATA_DIR', 'DATABASE_URL', 'BETTER_AUTH_SECRET', 'BETTER_AUTH_URL', 'REALTIME'].map((name) => [
        name,
        '',
      ]),
    )
    expect(read(empty)).toEqual(read({}))
  })

  test('both of Centrifugo’s variables choose Centrifugo, with the embedded hub on or off', () => {
    const both = { CENTRIFUGO_TOKEN_HMAC_SECRET: 'a', CENTRIFUGO_API_KEY: 'b' }
    expect(read(both).realtime).toBe('centrifugo')
    expect(read({ ...both, REALTIME: 'off' }).realtime).toBe('centrifugo')
  })

  test('one of the two is not enough', () => {
    expect(read({ CENTRIFUGO_API_KEY: 'b' }).realtime).toBe('embedded')
    expect(read({ CENTRIFUGO_TOKEN_HMAC_SECRET: 'a', CENTRIFUGO_API_KEY: '' }).realtime).toBe('embedded')
  })

  test('REALTIME=off leaves realtime off', () => {
    expect(read({ REALTIME: 'off' }).realtime).toBe('off')
  })

  test('documents are kept here, elsewhere or nowhere', () => {
    expect(read({ COLLAB: 'off' })).toMatchObject({ collab: 'off', collabUrl: undefined })
    const url = 'wss://collab.example.com'
    expect(read({ COLLAB_URL: url, COLLAB: 'off' })).toMatchObject({ collab: 'external', collabUrl: url })
    expect(() => read({ COLLAB: 'yes' })).toThrow(/COLLAB is "yes"; it can be on, off/)
    expect(() => read({ COLLAB_URL: 'https://example.com' })).toThrow(/COLLAB_URL is .* wss:/)
  })

  test('the messenger delivers in four ways; one that nobody would read from is refused with what to set', () => {
    expect(read({ MESSENGER_DELIVERY: 'outbox' }).messengerDelivery).toBe('outbox')
    expect(read({ MESSENGER_DELIVERY: 'both' }).messengerDelivery).toBe('both')
    expect(() => read({ MESSENGER_DELIVERY: 'mail' })).toThrow(/MESSENGER_DELIVERY is "mail"; it can be commit, outbox/)
    expect(() => read({ MESSENGER_DELIVERY: 'outbox', REALTIME: 'off' })).toThrow(/Set REALTIME=on/)

    const centrifugo = { CENTRIFUGO_TOKEN_HMAC_SECRET: 'a', CENTRIFUGO_API_KEY: 'b' }
    const consumer = { MESSENGER_DELIVERY: 'consumer', DATABASE_URL: 'postgres://db/app', ...centrifugo }
    expect(read(consumer).messengerDelivery).toBe('consumer')
    expect(() => read({ ...consumer, DATABASE_URL: '' })).toThrow(/Set DATABASE_URL, CENTRIFUGO_TOKEN_HMAC_SECRET/)
    expect(() => read({ ...consumer, CENTRIFUGO_API_KEY: '' })).toThrow(SettingsError)
  })

  test('DATA_DIR is taken from the app’s folder when it is relative', () => {
    expect(read({ DATA_DIR: 'elsewhere' }).dataDir).toBe(path.resolve('/app/elsewhere'))
    expect(read({ DATA_DIR: '/var/data' }).dataDir).toBe(path.resolve('/var/data'))
  })

  test('TRUST_PROXY names the proxies', () => {
    expect(read({ TRUST_PROXY: 'loopback' }).trustProxy).toBe('loopback')
    expect(read({ TRUST_PROXY: '10.0.0.1, 10.0.0.2' }).trustProxy).toEqual(['10.0.0.1', '10.0.0.2'])
  })

  test.each(['postgres://user:secret@db:5432/app', 'postgresql:///app?host=/var/run/postgresql'])(
    'DATABASE_URL=%s is taken as it is',
    (url) => expect(read({ DATABASE_URL: url }).databaseUrl).toBe(url),
  )

  test('a refused DATABASE_URL is not repeated: it may hold a password', () => {
    expect(() => read({ DATABASE_URL: 'postgres://user:hunter2/@db' })).toThrow(/^(?!.*hunter2).*DATABASE_URL/)
  })

  test.each([
    ['PORT', 'three'],
    ['PORT', '70000'],
    ['PORT', '-1'],
    ['REALTIME', 'maybe'],
    ['DEMO_USER', 'yes'],
    ['LOG_LEVEL', 'loud'],
    ['BETTER_AUTH_SECRET', 'short'],
    ['BETTER_AUTH_URL', 'app.example.com'],
    ['BETTER_AUTH_URL', 'https://app.example.com/path'],
    ['TRUST_PROXY', 'on'],
    ['DATABASE_URL', 'nonsense'],
    ['DATABASE_URL', 'mysql://localhost/backchannel'],
  ])('%s=%s is refused with the variable’s name', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(SettingsError)
    expect(() => read({ [name]: value })).toThrow(name)
  })
})
