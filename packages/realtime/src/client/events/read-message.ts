/** An event, as it comes over a WebSocket. */
export interface EventMessage {
  readonly event: string
  readonly data: unknown
  readonly channel?: string | undefined
}

/** An event, or undefined for every other text, which is the app's own. */
export function readMessage(text: string): EventMessage | undefined {
  // Whatever is no object is not parsed at all.
  if (!text.startsWith('{')) return undefined
  let value: Record<string, unknown>
  try {
    value = JSON.parse(text) as Record<string, unknown>
  } catch {
    return undefined
  }
  const { event, data, channel, ...others } = value
  if (typeof event !== 'string' || !('data' in value) || Object.keys(others).length > 0) return undefined
  if (channel !== undefined && typeof channel !== 'string') return undefined
  return { event, data, channel }
}
