const begin = '<!-- benchmark:begin -->'
const end = '<!-- benchmark:end -->'

/**
 * @param text a Markdown file that has the two markers, once each
 * @param section what is to stand between them from now on
 * @returns the text with the section
 * @throws Error when a marker is missing, stands twice, or the last comes first
 */
export function replaceSection(text: string, section: string): string {
  const [from, to] = [positionOf(text, begin), positionOf(text, end)]
  if (to < from) throw new Error(`${end} stands before ${begin}: put it after what is to be replaced`)
  return `${text.slice(0, from + begin.length)}\n\n${section.trim()}\n\n${text.slice(to)}`
}

function positionOf(text: string, marker: string): number {
  const position = text.indexOf(marker)
  if (position === -1) throw new Error(`${marker} is missing: write it where the generated section has its place`)
  if (text.includes(marker, position + marker.length)) {
    throw new Error(`${marker} stands there more than once: leave only one of them`)
  }
  return position
}
