const subscribe = 'subscribe '

/** The channel that a subscriber of a plain server asks for. */
export function channelOf(frame: string): string {
  if (!frame.startsWith(subscribe)) throw new Error(`expected '${subscribe}<channel>', got '${frame}'`)
  return frame.slice(subscribe.length)
}
