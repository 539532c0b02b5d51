// @vitest-environment happy-dom
// @vitest-environment-options { "url": "http://127.0.0.1/" }
import { act, cleanup, render, screen } from '@testing-library/react'
import { StrictMode, useState, type ReactNode } from 'react'
import { hydrateRoot } from 'react-dom/client'
import { renderToString } from 'react-dom/server'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { RealtimeConnection, SubscriptionStatus } from '../client/index.ts'
import * as server from '../index.ts'
import { answer, startApiServer } from '../testing/api-server.ts'
import { recordLog } from '../testing/environment.ts'
import { startRealHub, type RealServer } from '../testing/real-servers.ts'
import { RealtimeProvider, useChannel, useConnectionState, useRealtime, type RealtimeProviderProps } from './index.ts'

let real: RealServer
let sockets: WebSocket[]
/** What React warns of: updates after unmount, hydration that differs, missing act. */
let warnings: unknown[][]

class WatchedWebSocket extends WebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols)
    sockets.push(this)
  }
}

beforeAll(async () => {
  real = await startRealHub()
})
afterAll(() => real.stop())
beforeEach(() => {
  recordLog()
  real.use()
  sockets = []
  warnings = []
  vi.spyOn(console, 'error').mockImplementation((...args) => warnings.push(args))
})
afterEach(async () => {
  cleanup()
  await until(() => {
    if (sockets.some(({ readyState }) => readyState !== WebSocket.CLOSED)) throw new Error('a socket is still open')
  })
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  if (warnings.length > 0) throw new Error(`React warned: ${JSON.stringify(warnings)}`)
})

/** Polls inside `act`, so that what the sockets bring is rendered. */
async function until(check: () => unknown): Promise<void> {
  await vi.waitFor(
    async () => {
      await act(async () => {
        await new Promise((resolve) => setTimeout(resolve, 5))
      })
      await check()
    },
    { timeout: 10_000, interval: 1 },
  )
}

let count = 0
const channelName = () => `sandbox:react-${count++}`
const text = (id: string) => screen.getByTestId(id).textContent

function Provider(props: Partial<RealtimeProviderProps>): ReactNode {
  return (
    <RealtimeProvider
      url={real.websocketUrl}
      token={server.issueConnectionToken('ada')}
      websocket={WatchedWebSocket}
      reconnectDelay={{ min: 20, max: 100 }}
      {...props}
    />
  )
}

function State(): ReactNode {
  return <p data-testid="state">{useConnectionState().state}</p>
}

function Messages({ channel, id = 'messages' }: { channel?: string; id?: string }): ReactNode {
  const [messages, setMessages] = useState<string[]>([])
  const status = useChannel(channel, (data: string) => setMessages((before) => [...before, data]))
  return (
    <p data-testid={id}>
      {status.state}: {messages.join(', ')}
    </p>
  )
}

test('connects after mounting, shows messages, and closes with the provider', async () => {
  const channel = channelName()
  const { unmount } = render(
    <Provider>
      <State />
      <Messages channel={channel} />
    </Provider>,
  )
  expect(text('state')).toBe('disconnected')
  expect(sockets).toEqual([])
  await until(() => expect(text('messages')).toBe('subscribed: '))
  expect(text('state')).toBe('connected')
  await server.publish(channel, 'one')
  await server.publish(channel, 'two')
  await until(() => expect(text('messages')).toBe('subscribed: one, two'))
  expect(sockets).toHaveLength(1)
  unmount()
  await until(async () => expect(await server.presenceStats(channel)).toEqual({ numClients: 0, numUsers: 0 }))
})

test('StrictMode opens one socket and hears each message once', async () => {
  const channel = channelName()
  render(
    <StrictMode>
      <Provider>
        <Messages channel={channel} />
      </Provider>
    </StrictMode>,
  )
  await until(() => expect(text('messages')).toBe('subscribed: '))
  await server.publish(channel, 'once')
  await until(() => expect(text('messages')).toBe('subscribed: once'))
  expect(sockets).toHaveLength(1)
  expect(await server.presenceStats(channel)).toEqual({ numClients: 1, numUsers: 1 })
})

test('a page that is left at once opens nothing', async () => {
  const onState = vi.fn()
  for (let i = 0; i < 3; i++) {
    const { unmount } = render(
      <Provider onState={onState}>
        <Messages channel={channelName()} />
      </Provider>,
    )
    unmount()
  }
  await act(() => new Promise((resolve) => setTimeout(resolve, 100)))
  expect(sockets).toEqual([])
  expect(onState).not.toHaveBeenCalled()
})

test('a page that is left while it connects leaves no socket and calls nothing back', async () => {
  const onState = vi.fn()
  const { unmount } = render(
    <Provider onState={onState}>
      <Messages channel={channelName()} />
    </Provider>,
  )
  await until(() => expect(sockets).toHaveLength(1))
  const calls = onState.mock.calls.length
  unmount()
  const after = onState.mock.calls.length
  await act(() => new Promise((resolve) => setTimeout(resolve, 100)))
  expect(onState.mock.calls.length).toBe(after)
  expect(after - calls).toBeLessThanOrEqual(1)
})

test('new callbacks of a render are used, without subscribing again', async () => {
  const channel = channelName()
  const statuses: SubscriptionStatus[] = []
  function Listener({ label }: { label: string }): ReactNode {
    const [seen, setSeen] = useState<string[]>([])
    useChannel(channel, (data: string) => setSeen((before) => [...before, `${label} ${data}`]), {
      onSubscription: (status) => statuses.push(status),
    })
    return <p data-testid="seen">{seen.join(', ')}</p>
  }
  const { rerender } = render(
    <Provider>
      <Listener label="first" />
    </Provider>,
  )
  await until(() => expect(statuses.map(({ state }) => state)).toEqual(['subscribed']))
  await server.publish(channel, 'a')
  await until(() => expect(text('seen')).toBe('first a'))
  rerender(
    <Provider>
      <Listener label="second" />
    </Provider>,
  )
  await server.publish(channel, 'b')
  await until(() => expect(text('seen')).toBe('first a, second b'))
  expect(statuses).toHaveLength(1)
  expect(sockets).toHaveLength(1)
})

test('two components share a channel; a replaced one keeps the subscription', async () => {
  const channel = channelName()
  const page = (keys: string[]) => (
    <Provider>
      {keys.map((key) => (
        <Messages key={key} id={key} channel={channel} />
      ))}
    </Provider>
  )
  const { rerender } = render(page(['a', 'b']))
  await until(() => expect([text('a'), text('b')]).toEqual(['subscribed: ', 'subscribed: ']))
  const position = await server.history(channel)

  // As hot reload does it: an edited component is unmounted and a new one mounted in one commit.
  rerender(page(['c']))
  await server.publish(channel, 'kept')
  await until(() => expect(text('c')).toBe('subscribed: kept'))
  expect(await server.presenceStats(channel)).toEqual({ numClients: 1, numUsers: 1 })
  expect((await server.history(channel)).epoch).toBe(position.epoch)
  expect(sockets).toHaveLength(1)
})

test('another channel is another subscription, no channel is none', async () => {
  const [first, second] = [channelName(), channelName()]
  const page = (channel: string | undefined) => (
    <Provider>
      <Messages {...(channel !== undefined && { channel })} />
    </Provider>
  )
  const { rerender } = render(page(first))
  await until(() => expect(text('messages')).toBe('subscribed: '))
  rerender(page(second))
  await until(async () => {
    expect(text('messages')).toBe('subscribed: ')
    expect(await server.presenceStats(first)).toMatchObject({ numClients: 0 })
    expect(await server.presenceStats(second)).toMatchObject({ numClients: 1 })
  })
  await server.publish(first, 'not mine any more')
  await server.publish(second, 'mine')
  await until(() => expect(text('messages')).toBe('subscribed: mine'))
  rerender(page(undefined))
  await until(() => expect(text('messages')).toBe('unsubscribed: mine'))
  expect(sockets).toHaveLength(1)
})

test('enabled opens and closes; without a url nothing opens', async () => {
  const page = (props: Partial<RealtimeProviderProps>) => (
    <Provider {...props}>
      <State />
    </Provider>
  )
  const { rerender } = render(page({ enabled: false }))
  await act(() => new Promise((resolve) => setTimeout(resolve, 50)))
  expect(sockets).toEqual([])
  rerender(page({ enabled: true }))
  await until(() => expect(text('state')).toBe('connected'))
  rerender(page({ enabled: false }))
  await until(() => expect(text('state')).toBe('disconnected'))
  rerender(page({ url: undefined }))
  await act(() => new Promise((resolve) => setTimeout(resolve, 50)))
  expect(text('state')).toBe('disconnected')
  expect(sockets).toHaveLength(1)
})

test('the state follows a reconnect, and the hooks go on', async () => {
  const channel = channelName()
  const states: boolean[] = []
  render(
    <Provider token={server.issueConnectionToken('react-back')} onState={(connected) => states.push(connected)}>
      <State />
      <Messages channel={channel} />
    </Provider>,
  )
  await until(() => expect(text('messages')).toBe('subscribed: '))
  await server.disconnect('react-back', { code: 4000, reason: 'come back' })
  await server.publish(channel, 'missed')
  await until(() => expect(text('messages')).toBe('subscribed: missed'))
  expect(states).toEqual([true, false, true])
})

test('the latest getToken is asked, and its refusal is told', async () => {
  const channel = channelName()
  const asked: string[] = []
  const onUnauthorized = vi.fn()
  const source = (name: string) => () => {
    asked.push(name)
    return name === 'second' ? Promise.reject(Object.assign(new Error('no'), { status: 401 })) : ''
  }
  const page = (name: string) => (
    <Provider
      token={server.issueConnectionToken('react-token', -60)}
      getToken={source(name)}
      onUnauthorized={onUnauthorized}
      onError={() => {}}
    >
      <State />
      <Messages channel={channel} />
    </Provider>
  )
  const { rerender } = render(page('first'))
  await until(() => expect(asked).toContain('first'))
  rerender(page('second'))
  await until(() => expect(onUnauthorized).toHaveBeenCalledExactlyOnceWith({ status: 401 }))
  expect(text('state')).toBe('disconnected')
})

test('sources may be URLs, of the connection and of a channel', async () => {
  const tokens = await startApiServer()
  // The page's own origin, as an app's token endpoints are.
  ;(window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL(tokens.url)
  // happy-dom's own keeps a timer running after the answer.
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => new AbortController().signal)
  const give = (token: string) => answer(200, JSON.stringify({ token }))
  tokens.behave(give(server.issueConnectionToken('ada')), give(server.issueSubscriptionToken('ada', 'personal:ada')))
  function Personal(): ReactNode {
    const [seen, setSeen] = useState<unknown[]>([])
    useChannel('personal:ada', (data) => setSeen((before) => [...before, data]), { getToken: tokens.url })
    return <p data-testid="seen">{seen.join()}</p>
  }
  render(
    <Provider token={undefined} getToken={tokens.url}>
      <Personal />
    </Provider>,
  )
  await until(async () => expect(await server.channels('personal:ada')).toEqual({ 'personal:ada': { numClients: 1 } }))
  await server.publish('personal:ada', 'private')
  await until(() => expect(text('seen')).toBe('private'))
  expect(tokens.requests.map(({ path }) => path)).toEqual(['/api', '/api?channel=personal%3Aada'])
  cleanup()
  await tokens.stop()
})

test('useRealtime gives the connection itself', async () => {
  const connections: (RealtimeConnection | null)[] = []
  function Reader(): ReactNode {
    connections.push(useRealtime())
    return null
  }
  render(
    <Provider>
      <Reader />
    </Provider>,
  )
  await until(() => expect(connections.at(-1)?.status.connected).toBe(true))
  expect(connections[0]).toBeNull()
})

test('a page rendered on the server is taken over without a difference, then connects', async () => {
  const channel = channelName()
  const page = (
    <Provider>
      <State />
      <Messages channel={channel} />
    </Provider>
  )
  const container = document.createElement('div')
  document.body.append(container)
  container.innerHTML = renderToString(page)
  expect(text('state')).toBe('disconnected')
  expect(sockets).toEqual([])
  const root = await act(async () => hydrateRoot(container, page))
  await until(() => expect(text('messages')).toBe('subscribed: '))
  await act(async () => root.unmount())
  container.remove()
})

test('a wrong URL is reported and leaves the page as it is; without onError it goes to the console', async () => {
  const errors: unknown[] = []
  const onError = ({ stage, message }: { stage: string; message: string }) => errors.push([stage, message])
  const message = 'url must be a ws: or wss: URL, got "http://host/"'
  const page = render(
    <Provider url="http://host/?token=canary" onError={onError}>
      <State />
    </Provider>,
  )
  await until(() => expect(errors).toEqual([['connect', message]]))
  expect(text('state')).toBe('disconnected')

  page.rerender(
    <Provider url="http://host/">
      <State />
    </Provider>,
  )
  await until(() => expect(warnings).toEqual([[`[realtime] ${message}`]]))
  expect(text('state')).toBe('disconnected')
  warnings.length = 0
  expect(errors).toHaveLength(1)
})
