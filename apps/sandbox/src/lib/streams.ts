/** What both ends of the streams page know. */

export interface Note {
  readonly author: string
  readonly text: string
}

/** Events of the page, by name. */
export interface StreamEvents {
  note: Note
  /** One has joined the lobby. */
  welcome: { readonly channel: string }
  /** The WebSocket has answered a heartbeat. */
  beat: { readonly roundTripMs: number }
}

export type StreamDriver = 'sse' | 'websocket'

/** To whom a note goes. */
export const audiences = ['everybody', 'me', 'lobby'] as const
export type Audience = (typeof audiences)[number]

export const streamPaths = { sse: '/api/streams/events', websocket: '/api/streams/socket' } as const
