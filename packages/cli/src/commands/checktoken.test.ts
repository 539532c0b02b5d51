import { signToken } from '@backchannel/protocol/token'
import { expect, test } from 'vitest'
import { exitCodes } from '../failure.ts'
import { loadConfig } from '../load/load-config.ts'
import { Folder } from '../testing/cli.ts'
import { describeConnectionToken, describeSubscriptionToken } from './checktoken.ts'

const config = {
  client: {
    token: { hmac_secret_key: 'secret', audience: 'app' },
    subscription_token: { enabled: true, hmac_secret_key: 'other' },
  },
}
const now = Math.floor(Date.now() / 1000)
const connection = signToken({ sub: '42', aud: 'app' }, 'secret')
const subscription = signToken({ sub: '42', channel: 'chat:1' }, 'other')

async function check(describe: typeof describeConnectionToken, token: string): Promise<string> {
  using folder = new Folder()
  return await describe(loadConfig({ file: folder.write('config.json', config), isExplicit: true, env: {} }), token)
}

test('each kind is checked with its own key and rules', async () => {
  expect(await check(describeConnectionToken, connection)).toBe(
    'valid token for user 42\npayload: {"sub":"42","aud":"app"}\n',
  )
  expect(await check(describeSubscriptionToken, subscription)).toBe(
    'valid subscription token for user "42" and channel "chat:1"\npayload: {"sub":"42","channel":"chat:1"}\n',
  )
})

test.each([
  ['a signature that was cut', describeConnectionToken, connection.slice(0, -1)],
  ['another key', describeConnectionToken, signToken({ sub: '42', aud: 'app' }, 'other')],
  ['another audience', describeConnectionToken, signToken({ sub: '42' }, 'secret')],
  ['one that has expired', describeConnectionToken, signToken({ sub: '42', aud: 'app', exp: now - 1 }, 'secret')],
  [
    'one whose connection would have ended',
    describeConnectionToken,
    signToken({ sub: '42', aud: 'app', expire_at: now - 1 }, 'secret'),
  ],
  ['a subscription token to connect', describeConnectionToken, subscription],
  ['a connection token to subscribe', describeSubscriptionToken, connection],
  ['none', describeConnectionToken, ''],
  ['anything', describeSubscriptionToken, 'a.b.c'],
])('%s is refused, with a reason', async (_, describe, token) => {
  await expect(check(describe, token)).rejects.toMatchObject({
    exitCode: exitCodes.token,
    message: expect.stringMatching(/^the token is not valid: .+/) as string,
  })
})
