import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  engines,
  origin,
  startBackend,
  startTestHub,
  type Backend,
  type Caller,
  type Engine,
} from '../messenger/server/testing/backend.ts'
import { answerConnectionToken, answerSubscriptionToken } from './realtime-server.ts'

describe('tokens for browsers', () => {
  let engine: Engine
  let backend: Backend
  let ada: Caller
  let grace: Caller
  let stopHub: () => Promise<void>
  beforeAll(async () => {
    engine = await (engines[0]?.start() as Promise<Engine>)
    stopHub = await startTestHub()
    backend = await startBackend(engine)
    ada = await backend.newPerson('Ada')
    grace = await backend.newPerson('Grace')
  })
  afterAll(async () => {
    await backend.close()
    await stopHub()
    await engine.stop()
  })

  const ask = (path: string, caller?: Caller) => {
    const request = new Request(`${origin}/api/token/${path}`, { headers: caller ? { cookie: caller.cookie } : {} })
    const answer = path.startsWith('connection') ? answerConnectionToken : answerSubscriptionToken
    return answer(request, backend.context)
  }
  const claimsOf = async (response: Response) => {
    const { token } = (await response.json()) as { token: string }
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string; exp: number }
  }

  test('are for the signed-in user, for two minutes and for five', async () => {
    const now = Math.floor(Date.now() / 1000)
    const connection = await claimsOf(await ask('connection/', ada))
    expect(connection.sub).toBe(ada.id)
    expect(connection.exp - now).toBeGreaterThanOrEqual(120)
    expect(connection.exp - now).toBeLessThan(180)
    const subscription = await claimsOf(await ask(`subscription/?channel=personal:${ada.id}`, ada))
    expect(subscription).toMatchObject({ sub: ada.id, channel: `personal:${ada.id}` })
    expect(subscription.exp - now).toBeGreaterThanOrEqual(300)
    expect(subscription.exp - now).toBeLessThan(360)
  })

  test('are not given for another’s channel, nor without a session', async () => {
    for (const query of [`?channel=personal:${grace.id}`, '?channel=sandbox:demo', '?channel=', '']) {
      const refused = await ask(`subscription/${query}`, ada)
      expect(refused.status).toBe(403)
      expect(await refused.json()).toEqual({ detail: 'permission denied' })
    }
    for (const path of ['connection/', `subscription/?channel=personal:${ada.id}`]) {
      const refused = await ask(path)
      expect(refused.status).toBe(401)
      expect(await refused.json()).toEqual({ detail: 'unauthorized' })
    }
  })
})
