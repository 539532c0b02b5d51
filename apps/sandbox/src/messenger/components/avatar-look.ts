/** The first letters of the first and the last word: whole characters, also of emoji. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/u)
  const first = firstCharacter(words[0] ?? '')
  const last = words.length > 1 ? firstCharacter(words.at(-1) ?? '') : ''
  return `${first}${last}`.toUpperCase() || '?'
}

/** Degrees on the colour wheel: the same id, the same colour, in every browser. */
export function hueOf(id: string): number {
  let hash = 0
  for (let index = 0; index < id.length; index += 1) hash = (Math.imul(hash, 31) + id.charCodeAt(index)) | 0
  // Steps that can be told apart.
  return (((hash % 12) + 12) % 12) * 30 + 10
}

const characters = new Intl.Segmenter('en', { granularity: 'grapheme' })

function firstCharacter(word: string): string {
  for (const { segment } of characters.segment(word)) return segment
  return ''
}
