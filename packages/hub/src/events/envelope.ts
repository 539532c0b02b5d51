/** What a WebSocket client may ask of the toolkit: `{"join": channel}` and `{"leave": channel}`. Everything else is the app's. */
import { isChannelName } from './channel-book.ts'

export type Envelope = { readonly ask: 'join' | 'leave'; readonly channel: string } | { readonly ask: 'broken' }

/** Begins like one; whatever does not is never parsed. */
const beginning = /^\s*\{\s*"(?:join|leave)"\s*:/

/** An envelope, one that is meant to be and is broken, or undefined for a message of the app's. */
export function readEnvelope(text: string): Envelope | undefined {
  if (!beginning.test(text)) return undefined
  let value: object
  try {
    value = JSON.parse(text) as object
  } catch {
    return { ask: 'broken' }
  }
  const entries = Object.entries(value)
  // With something else in it, it is a message that happens to begin like that.
  if (entries.some(([key]) => key !== 'join' && key !== 'leave')) return undefined
  const [[ask, channel] = []] = entries
  if (entries.length !== 1 || !isChannelName(channel)) return { ask: 'broken' }
  return { ask: ask === 'join' ? 'join' : 'leave', channel }
}
