/**
 * The plain wires of `createRealtime`: server-sent events for `EventSource`, JSON messages for `WebSocket`. An event is a
 * publication whose data is JSON in one line; its name, and its id in a stream, are tags. Nothing here needs Node.
 */
import type { Publication } from '@backchannel/protocol'
import type { Variant } from '../fanout/variant.ts'
import { frameOf, opcodes } from './websocket-frame.ts'

/** Of the channel that everybody is in; it has no name on the wire. */
export const everyone = ''

const encoder = new TextEncoder()

/** A wire that single events can be written in, too. */
export interface EventWire extends Variant {
  /** One event as a whole message. @param id of the event in its stream */
  event(name: string, json: string, options?: { readonly id?: string; readonly channel?: string }): Uint8Array
  readonly heartbeat: Uint8Array
}

export const sseWire: EventWire = {
  key: 'events/sse',
  encode: (_channel, publications) => encoder.encode(publications.map(sseOf).join('')),
  event: (name, json, { id } = {}) => encoder.encode(sseText(name, json, id)),
  // A comment: clients don't see it, whoever stands between does.
  heartbeat: encoder.encode(': heartbeat\n\n'),
}

export const webSocketWire: EventWire = {
  key: 'events/ws',
  encode: (channel, publications) =>
    joined(
      publications.map(({ data, tags }) =>
        frameOf(opcodes.text, encoder.encode(messageText(tags, String(data), channel))),
      ),
    ),
  event: (event, json, { channel = everyone } = {}) =>
    frameOf(opcodes.text, encoder.encode(messageText({ event }, json, channel))),
  heartbeat: frameOf(opcodes.ping, new Uint8Array()),
}

/** How long a client is asked to wait before it comes back. @param ms milliseconds */
export function sseRetry(ms: number): Uint8Array {
  return encoder.encode(`retry: ${Math.round(ms)}\n\n`)
}

function sseOf({ data, tags }: Publication): string {
  return sseText(tags?.['event'] ?? '', String(data), tags?.['id'])
}

function sseText(name: string, json: string, id: string | undefined): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${json}\n\n`
}

function messageText(tags: Publication['tags'], json: string, channel: string): string {
  const place = channel === everyone ? '' : `,"channel":${JSON.stringify(channel)}`
  return `{"event":${JSON.stringify(tags?.['event'])},"data":${json}${place}}`
}

function joined(frames: readonly Uint8Array[]): Uint8Array {
  const [first] = frames
  if (first && frames.length === 1) return first
  const all = new Uint8Array(frames.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const frame of frames) {
    all.set(frame, at)
    at += frame.byteLength
  }
  return all
}
