/** Which pages may open a connection. Browsers send Origin and can't be made to lie; other clients need not send it. */
import { matchesGlob } from '../glob.ts'

export interface OriginRules {
  /** Full origins or globs (`https://*.example.com`); `*` alone allows all. Compared in lower case. */
  readonly allowed: readonly string[]
  /** Whether a page's own origin needs no listing. */
  readonly sameOrigin: boolean
  readonly trustProxy: boolean
}

/** @param host what the browser calls this server: Host, or what a trusted proxy says of it */
export function isOriginAllowed(rules: OriginRules, origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined || origin === '') return true
  const given = origin.toLowerCase()
  if (rules.sameOrigin && host !== undefined && isOriginOf(host, given)) return true
  return rules.allowed.some((pattern) => matchesGlob(pattern.toLowerCase(), given))
}

/** Whether a page of this origin calls its server so. Proxies may add the scheme's own port, which browsers leave out. */
function isOriginOf(host: string, origin: string): boolean {
  const url = URL.parse(origin)
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return false
  return URL.parse(`${url.protocol}//${host}`)?.host === url.host
}
