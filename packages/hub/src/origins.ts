/** Which pages may open a connection. Browsers send Origin and can't be made to lie; other clients need not send it. */

export interface OriginRules {
  /** Full origins or globs (`https://*.example.com`); `*` alone allows all. */
  readonly allowed: readonly string[]
  /** Whether a page's own origin needs no listing. */
  readonly sameOrigin: boolean
  readonly trustProxy: boolean
}

/** @param host what the browser calls this server: Host, or what a trusted proxy says of it */
export function isOriginAllowed(rules: OriginRules, origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined || origin === '') return true
  const given = origin.toLowerCase()
  if (rules.sameOrigin && host !== undefined && hostOf(given) === host.toLowerCase()) return true
  return rules.allowed.some((pattern) => pattern === '*' || matches(pattern.toLowerCase(), given))
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host
  } catch {
    return undefined
  }
}

/** A glob's `*` stands for any run of characters; walked without a regular expression, so no pattern can be slow. */
function matches(pattern: string, text: string): boolean {
  const [head = '', ...parts] = pattern.split('*')
  const tail = parts.pop()
  if (tail === undefined) return pattern === text
  if (!text.startsWith(head)) return false
  let from = head.length
  for (const part of parts) {
    const found = text.indexOf(part, from)
    if (found < 0) return false
    from = found + part.length
  }
  return text.length - tail.length >= from && text.endsWith(tail)
}
