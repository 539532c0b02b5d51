/**
 * Colours of people who have not chosen one: dark enough that white letters on them can be read (contrast at least 4.5),
 * and told apart on light and dark pages.
 */
const palette = [
  '#b42318',
  '#b54708',
  '#4d7c0f',
  '#047857',
  '#0e7490',
  '#1d4ed8',
  '#6d28d9',
  '#a21caf',
  '#be185d',
] as const

/** Always the same for a name. */
export function colorOf(name: string): string {
  let hash = 0
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003
  return palette[hash % palette.length] ?? palette[0]
}
