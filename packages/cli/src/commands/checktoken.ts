import { checkConfig, createTokens } from '@backchannel/hub/config'
import { Failure, reasonOf } from '../failure.ts'
import type { LoadedConfig } from '../load/load-config.ts'

/** What a connection token says, when the hub would take it. @throws Failure token */
export async function describeConnectionToken(loaded: LoadedConfig, token: string): Promise<string> {
  return await describe(token, async () => {
    const { user } = await tokensOf(loaded).connection(token)
    return `valid token for ${user === '' ? 'anonymous user' : `user ${user}`}`
  })
}

/** The same of a subscription token. @throws Failure token */
export async function describeSubscriptionToken(loaded: LoadedConfig, token: string): Promise<string> {
  return await describe(token, async () => {
    const { user, channel } = await tokensOf(loaded).subscription(token)
    return `valid subscription token for ${user === '' ? 'anonymous user' : `user "${user}"`} and channel "${channel}"`
  })
}

function tokensOf({ hub }: LoadedConfig): ReturnType<typeof createTokens> {
  return createTokens(checkConfig(hub))
}

async function describe(token: string, check: () => Promise<string>): Promise<string> {
  try {
    const summary = await check()
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')
    return `${summary}\npayload: ${payload}\n`
  } catch (error) {
    throw new Failure('token', `the token is not valid: ${reasonOf(error)}`, error)
  }
}
