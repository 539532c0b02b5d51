/**
 * A wrong URL is the app's mistake and no retry mends it, so it is told at once.
 * @throws TypeError
 */
export function checkUrl(url: unknown): void {
  if (typeof url === 'string' && /^wss?:\/\//i.test(url) && URL.canParse(url)) return
  throw new TypeError(`url must be a ws: or wss: URL, got ${typeof url === 'string' ? quoted(url) : nameOf(url)}`)
}

/** Without query, fragment, user and password, which may hold a secret. */
function quoted(url: string): string {
  const [address = ''] = url.split(/[?#]/, 1)
  return JSON.stringify(address.replace(/^([^/]*\/\/|)[^/]*@/, '$1').slice(0, 200))
}

function nameOf(value: unknown): string {
  return value === null ? 'null' : typeof value
}
