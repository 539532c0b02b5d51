/** Where tokens come from: a URL that answers `{"token":"…"}`, or a function. */
export type TokenSource<Context = Record<never, never>> =
  | string
  | ((context: Context) => TokenAnswer | Promise<TokenAnswer>)

/** A token, or the Response of a `fetch` whose body is `{"token":"…"}`. */
export type TokenAnswer = string | Response

const limitMs = 10_000

/** Asks the source once. A URL gets the channel as `?channel=`. */
export async function askTokenSource<Context extends { channel?: string }>(
  source: TokenSource<Context>,
  context: Context,
): Promise<TokenAnswer> {
  if (typeof source !== 'string') return source(context)
  const { channel } = context
  const query = channel === undefined ? '' : `${source.includes('?') ? '&' : '?'}channel=${encodeURIComponent(channel)}`
  return fetch(source + query, {
    headers: { accept: 'application/json' },
    cache: 'no-store',
    signal: AbortSignal.timeout(limitMs),
  })
}
