/** Where tokens come from, and what their refusal ends. */
import { describe, expect, test, vi } from 'vitest'
import { UnauthorizedError } from '../../client/index.ts'
import * as server from '../../index.ts'
import { answer, hang } from '../api-server.ts'
import type { ClientHarness } from './harness.ts'

export function tokensCases(harness: ClientHarness): void {
  const { openOne, connect, token, until, subscribed, channelIn } = harness

  describe('tokens', () => {
    const answerToken = (value: string) => answer(200, JSON.stringify({ token: value }))

    test('a first token needs no fetch', async () => {
      const getToken = vi.fn(() => token())
      const getSubscriptionToken = vi.fn(() => server.issueSubscriptionToken('ada', 'personal:ada'))
      const handle = openOne({
        token: token(),
        getToken,
        channel: 'personal:ada',
        subscriptionToken: server.issueSubscriptionToken('ada', 'personal:ada'),
        getSubscriptionToken,
      })
      await subscribed(handle)
      expect(getToken).not.toHaveBeenCalled()
      expect(getSubscriptionToken).not.toHaveBeenCalled()
    })

    test('without a first token the source is asked', async () => {
      const getToken = vi.fn(async () => token())
      await subscribed(openOne({ getToken, channel: channelIn('sandbox') }))
      expect(getToken).toHaveBeenCalledTimes(1)
    })

    test('a tab outlives its tokens: both are renewed while everything stays open', async () => {
      const states: unknown[] = []
      const messages: unknown[] = []
      const channel = server.personalChannel('renew')
      const getToken = vi.fn(() => token('renew', 60))
      const getSubscriptionToken = vi.fn(({ channel }: { channel: string }) =>
        server.issueSubscriptionToken('renew', channel, 60),
      )
      const handle = openOne({
        token: token('renew', 2),
        getToken,
        channel,
        subscriptionToken: server.issueSubscriptionToken('renew', channel, 2),
        getSubscriptionToken,
        onState: (connected) => states.push(connected),
        onSubscription: ({ state }) => states.push(state),
        onMessage: (data) => messages.push(data),
      })
      await subscribed(handle)
      await until(() => {
        expect(getToken).toHaveBeenCalledTimes(1)
        expect(getSubscriptionToken).toHaveBeenCalledTimes(1)
      })
      expect(getSubscriptionToken).toHaveBeenCalledWith({ channel })
      await server.publish(channel, 'still here')
      await until(() => expect(messages).toEqual(['still here']))
      expect(states).toEqual([true, 'subscribed'])
    })

    test('an expired first token is replaced', async () => {
      const getToken = vi.fn(() => token())
      await subscribed(openOne({ token: token('ada', -10), getToken, channel: channelIn('sandbox') }))
      expect(getToken).toHaveBeenCalledTimes(1)
    })

    test('an expired token without a source ends as unauthorized', async () => {
      const onUnauthorized = vi.fn()
      const handle = openOne({ token: token('ada', -10), channel: channelIn('sandbox'), onUnauthorized })
      await until(() => expect(handle.connection).toMatchObject({ state: 'disconnected', reason: 'unauthorized' }))
      expect(onUnauthorized).toHaveBeenCalledExactlyOnceWith({})
    })

    test('a URL is a source', async () => {
      harness.tokens.behave(answerToken(token()), answerToken(server.issueSubscriptionToken('ada', 'personal:ada')))
      const handle = openOne({
        getToken: `${harness.tokens.url}/connection`,
        channel: 'personal:ada',
        getSubscriptionToken: `${harness.tokens.url}/subscription?v=1`,
      })
      await subscribed(handle)
      expect(harness.tokens.requests.map(({ verb, path }) => `${verb} ${path}`)).toEqual([
        'GET /api/connection',
        'GET /api/subscription?v=1&channel=personal%3Aada',
      ])
    })

    test('so is a function that answers a Response', async () => {
      harness.tokens.behave(answerToken(token()))
      await subscribed(openOne({ getToken: () => fetch(harness.tokens.url), channel: channelIn('sandbox') }))
    })

    test.each([401, 403])('%i for the connection ends it', async (status) => {
      harness.tokens.behave(answer(status, '{"detail":"unauthorized"}'))
      const onUnauthorized = vi.fn()
      const onError = vi.fn()
      const handle = openOne({ getToken: harness.tokens.url, channel: channelIn('sandbox'), onUnauthorized, onError })
      await until(() =>
        expect(handle.connection).toEqual({
          state: 'disconnected',
          connected: false,
          code: 1,
          reason: 'unauthorized',
          tokenStatus: status,
        }),
      )
      expect(onUnauthorized).toHaveBeenCalledExactlyOnceWith({ status })
      expect(onError).not.toHaveBeenCalled()
      expect(harness.tokens.requests).toHaveLength(1)
    })

    test.each([401, 403])('%i for a channel ends that subscription, the others live on', async (status) => {
      harness.tokens.behave(answer(status, '{"detail":"permission denied"}'))
      const onUnauthorized = vi.fn()
      const connection = connect({ onUnauthorized })
      const refused = connection.subscribe({ channel: 'personal:ada', getToken: harness.tokens.url })
      const other = connection.subscribe({ channel: channelIn('sandbox') })
      await until(() =>
        expect(refused.status).toEqual({
          state: 'unsubscribed',
          code: 1,
          reason: 'unauthorized',
          tokenStatus: status,
        }),
      )
      expect(onUnauthorized).toHaveBeenCalledExactlyOnceWith({ status, channel: 'personal:ada' })
      await until(() => expect(other.status.state).toBe('subscribed'))
      expect(connection.status.connected).toBe(true)
      expect(harness.tokens.requests).toHaveLength(1)
    })

    test('a session that ends while the tab is open ends the connection when its token runs out', async () => {
      harness.tokens.behave(answer(401))
      const onUnauthorized = vi.fn()
      const states: boolean[] = []
      const handle = openOne({
        // Whole seconds: one of 1 may be over before it is used.
        token: token('ending', 2),
        getToken: harness.tokens.url,
        channel: channelIn('sandbox'),
        onUnauthorized,
        onState: (connected) => states.push(connected),
      })
      await until(() => expect(onUnauthorized).toHaveBeenCalledExactlyOnceWith({ status: 401 }))
      expect(handle.connection).toMatchObject({ state: 'disconnected', code: 1, tokenStatus: 401 })
      expect(states).toEqual([true, false])
    })

    test('a permission that ends while the tab is open ends the subscription when its token runs out', async () => {
      harness.tokens.behave(answer(403))
      const onUnauthorized = vi.fn()
      const channel = 'personal:ending'
      const handle = openOne({
        token: token('ending'),
        channel,
        subscriptionToken: server.issueSubscriptionToken('ending', channel, 2),
        getSubscriptionToken: harness.tokens.url,
        onUnauthorized,
      })
      await until(() => expect(onUnauthorized).toHaveBeenCalledExactlyOnceWith({ status: 403, channel }))
      expect(handle.subscription).toMatchObject({ state: 'unsubscribed', code: 1, tokenStatus: 403 })
      expect(handle.connection.connected).toBe(true)
    })

    test.each<[string, () => string | Promise<string>, number | undefined]>([
      [
        'an UnauthorizedError',
        () => {
          throw new UnauthorizedError('signed out')
        },
        undefined,
      ],
      ['a rejection with a status', () => Promise.reject(Object.assign(new Error('no'), { status: 401 })), 401],
      ['a rejection with a statusCode', () => Promise.reject(Object.assign(new Error('no'), { statusCode: 403 })), 403],
    ])('a function refuses by %s', async (_name, getToken, status) => {
      const handle = openOne({ getToken, channel: channelIn('sandbox') })
      await until(() => expect(handle.connection).toMatchObject({ state: 'disconnected', code: 1 }))
      expect(handle.connection.tokenStatus).toBe(status)
    })

    test.each([
      ['HTTP 500', answer(500)],
      ['HTTP 404', answer(404)],
      ['no JSON', answer(200, '<html>')],
      ['no token', answer(200, '{"token":""}')],
    ])('%s is told and tried again', async (_name, failure) => {
      harness.tokens.behave(failure, answerToken(token()))
      const errors: unknown[] = []
      const handle = openOne({
        getToken: harness.tokens.url,
        channel: channelIn('sandbox'),
        onError: ({ stage, channel }) => errors.push([stage, channel]),
      })
      await subscribed(handle)
      expect(harness.tokens.requests).toHaveLength(2)
      expect(errors).toEqual([['token', undefined]])
    })

    test('a URL that does not answer within ten seconds is told and tried again', async () => {
      const timeout = AbortSignal.timeout.bind(AbortSignal)
      const limit = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(30))
      harness.tokens.behave(hang, answerToken(token()))
      const onError = vi.fn()
      await subscribed(openOne({ getToken: harness.tokens.url, channel: channelIn('sandbox'), onError }))
      expect(onError.mock.calls).toMatchObject([[{ stage: 'token' }]])
      expect(limit).toHaveBeenNthCalledWith(1, 10_000)
    })

    test('a failing source of a channel is tried again too', async () => {
      const onError = vi.fn()
      harness.tokens.behave(answer(503), answerToken(server.issueSubscriptionToken('ada', 'personal:ada')))
      await subscribed(
        openOne({ token: token(), channel: 'personal:ada', getSubscriptionToken: harness.tokens.url, onError }),
      )
      expect(onError.mock.calls).toMatchObject([[{ stage: 'token', channel: 'personal:ada' }]])
    })
  })
}
