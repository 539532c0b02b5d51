import { describe, expectTypeOf, test } from 'vitest'
import type { PayloadOf } from './channel-payloads.ts'
import { createConnection, subscribe } from './client/index.ts'
import { broadcast, publish } from './index.ts'
import { useChannel } from './react/index.ts'

interface Note {
  text: string
}
type Event = { type: 'added'; id: number } | { type: 'removed'; id: number }

declare module '@backchannel/realtime' {
  interface ChannelPayloads {
    'typed:note': Note
    [event: `typed-event:${string}`]: Event
  }
}

// Never run: the compiler is the judge, in the type check of this file.
const compiled = (check: () => unknown) => expectTypeOf(check).toBeFunction()

describe('declared payloads', () => {
  test('of exact names, of families, and of everything else', () => {
    expectTypeOf<PayloadOf<'typed:note'>>().toEqualTypeOf<Note>()
    expectTypeOf<PayloadOf<`typed-event:${string}`>>().toEqualTypeOf<Event>()
    expectTypeOf<PayloadOf<'typed-event:42'>>().toEqualTypeOf<Event>()
    expectTypeOf<PayloadOf<'other:x'>>().toBeUnknown()
    expectTypeOf<PayloadOf<string>>().toBeUnknown()
    expectTypeOf<PayloadOf<never>>().toBeUnknown()
    expectTypeOf<PayloadOf<'other:x', Note>>().toEqualTypeOf<Note>()
  })

  test('bind publish and broadcast', () => {
    compiled(() => publish('typed:note', { text: 'x' }))
    // @ts-expect-error -- not a Note
    compiled(() => publish('typed:note', { text: 1 }))
    // @ts-expect-error -- no such event
    compiled(() => broadcast(['typed-event:1', 'typed-event:2'], { type: 'moved', id: 1 }))
    compiled(() => broadcast(['typed-event:1', 'typed-event:2'], { type: 'added', id: 1 }))
    compiled(() => publish('other:x', { anything: [1n] }))
    compiled(() => broadcast([], 1))
  })

  test("publish keeps the plain signature for channels that aren't known", () => {
    expectTypeOf(publish<string>).toEqualTypeOf<(channel: string, data: unknown) => Promise<boolean>>()
    const plain: (channel: string, data: unknown) => Promise<boolean> = publish
    expectTypeOf(plain).toBeFunction()
  })

  test('arrive at onMessage', () => {
    const base = { url: 'ws://x', token: 't' }
    compiled(() => subscribe({ ...base, channel: 'typed:note', onMessage: (note) => note.text.length }))
    compiled(() =>
      subscribe({
        ...base,
        channel: 'typed-event:1',
        onMessage: (event) => expectTypeOf(event).toEqualTypeOf<Event>(),
        onPublication: ({ data }) => expectTypeOf(data).toEqualTypeOf<Event>(),
      }),
    )
    // @ts-expect-error -- the channel carries a Note
    compiled(() => subscribe({ ...base, channel: 'typed:note', onMessage: (data: Event) => data.id }))
    compiled(() => createConnection(base).subscribe({ channel: 'typed:note', onMessage: (note) => note.text }))
  })

  test('are what the callback says where nothing is declared, and unknown where it says nothing', () => {
    const base = { url: 'ws://x', token: 't' }
    const channel: string = 'other:x'
    compiled(() => subscribe({ ...base, channel, onMessage: (data) => expectTypeOf(data).toBeUnknown() }))
    compiled(() => subscribe({ ...base, channel, onMessage: (note: Note) => note.text }))
    compiled(() => useChannel(channel, (note: Note) => note.text))
    compiled(() => useChannel('typed:note', (note) => note.text))
    compiled(() => useChannel(undefined, () => {}))
  })
})
