/** A text in three: what stands before the first match, the match, and the rest. A long way to it is left out. */
export function splitAround(text: string, query: string): [before: string, match: string, after: string] {
  const at = text.toLowerCase().indexOf(query.toLowerCase())
  if (query === '' || at < 0) return [text, '', '']
  const before = text.slice(0, at)
  return [
    before.length > 40 ? `…${before.slice(-30)}` : before,
    text.slice(at, at + query.length),
    text.slice(at + query.length),
  ]
}
