import type { ReactNode } from 'react'
import { renderToString } from 'react-dom/server'
import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => {
  vi.unstubAllGlobals()
})

/** Names of the browser's globals as they are read. */
function watchBrowserGlobals(): string[] {
  const touched: string[] = []
  for (const name of ['window', 'document', 'localStorage', 'navigator', 'WebSocket', 'addEventListener']) {
    vi.stubGlobal(name, undefined)
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get() {
        touched.push(name)
        return undefined
      },
      set() {},
    })
  }
  return touched
}

test('importing and rendering on a server touches no browser global and loads no client', async () => {
  const touched = watchBrowserGlobals()
  const loaded = vi.fn()
  vi.doMock('../client/connection.ts', () => {
    loaded()
    return {}
  })
  const { RealtimeProvider, useChannel, useConnectionState } = await import('./index.ts')
  expect(touched).toEqual([])

  function Page(): ReactNode {
    const { state } = useConnectionState()
    const status = useChannel('sandbox:demo', () => {})
    return (
      <p>
        {state}, {status.state}
      </p>
    )
  }
  const html = renderToString(
    <RealtimeProvider url="ws://127.0.0.1:1" token="t">
      <Page />
    </RealtimeProvider>,
  )
  expect(html).toBe('<p>disconnected<!-- -->, <!-- -->unsubscribed</p>')
  expect(loaded).not.toHaveBeenCalled()
  vi.doUnmock('../client/connection.ts')
})

test('importing the client touches no browser global', async () => {
  const touched = watchBrowserGlobals()
  vi.resetModules()
  const client = await import('../client/index.ts')
  expect(client.subscribe).toBeTypeOf('function')
  expect(touched).toEqual([])
})
