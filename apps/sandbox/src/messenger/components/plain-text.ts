/**
 * Markdown as one line of plain text: for the list of rooms, notifications and what is read out.
 *
 * @param shown characters, at most
 */
export function plainText(markdown: string, shown = 200): string {
  return markdown
    .slice(0, shown * 2)
    .replaceAll(/^\s{0,3}(?:```|~~~).*$/gm, '')
    .replaceAll(/^\s{0,3}(?:#{1,6}|[-+*]|\d{1,9}[.)]|>)\s/gm, '')
    .replaceAll(/!?\[([^\][]*)\]\([^()]*\)/g, '$1')
    .replaceAll(/(\*{1,3}|_{2,3}|~~|`{1,3})(?=\S)([^*_~`]*)\1/g, '$2')
    .replaceAll(/\\([!-/:-@[-`{-~])/g, '$1')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, shown)
}
