/** Links of which the address came from somebody else. */
import { defineMarkSpec, union } from 'prosekit/core'
import { defineLink } from 'prosekit/extensions/link'

/**
 * The address as it may be followed; undefined for one that would run a script. Others write the document, and not only
 * through this page's form.
 */
export function safeHref(href: unknown): string | undefined {
  if (typeof href !== 'string') return undefined
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:/i.test(href.trim()) ? href : `https://${href}`)
  return url !== null && ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : undefined
}

/** ProseKit's links, which open in a new tab and nowhere but where `safeHref` lets them. */
export function defineSafeLink() {
  return union(
    defineLink(),
    defineMarkSpec({
      name: 'link',
      toDOM: ({ attrs }) => {
        const href = safeHref(attrs['href'])
        return [
          'a',
          { ...(href === undefined ? {} : { href }), target: '_blank', rel: 'noopener noreferrer nofollow' },
          0,
        ]
      },
    }),
  )
}
