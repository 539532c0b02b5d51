import { EventSource } from 'eventsource'
import { afterEach, beforeEach, vi } from 'vitest'

/** Makes Node look like a page to who asks for one: a window, and an EventSource beside Node's own WebSocket. */
export function pretendBrowser(): void {
  beforeEach(() => {
    const page = new EventTarget()
    vi.stubGlobal('window', globalThis)
    vi.stubGlobal('EventSource', EventSource)
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
    vi.stubGlobal('dispatchEvent', page.dispatchEvent.bind(page))
  })
  afterEach(() => {
    vi.unstubAllGlobals()
  })
}

/** A document that is there, and can be hidden and shown. */
export function pretendDocument(baseURI = 'http://127.0.0.1/'): { show(): void; hide(): void } {
  const document = Object.assign(new EventTarget(), { baseURI, visibilityState: 'visible' })
  vi.stubGlobal('document', document)
  const change = (state: 'visible' | 'hidden') => () => {
    document.visibilityState = state
    document.dispatchEvent(new Event('visibilitychange'))
  }
  return { show: change('visible'), hide: change('hidden') }
}
