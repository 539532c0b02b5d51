/**
 * Whether a text reads the same with and without Markdown, as most messages do. Parsing takes half a millisecond each: felt
 * when a page of a hundred arrives.
 */
export function isPlain(text: string): boolean {
  return !/[*_~`[\]<>#|\\&@]|:\/\/|www\.|^[^\S\n]*(?:[-+=]|\d+[.)])|^(?: {4}|\t)/im.test(text)
}

/**
 * Whether a text has more structure than anybody reads: it is then shown as it was written. A table of 900 columns takes
 * seconds to lay out, 3,000 quotes within each other overflow the stack, and emphasis that is opened a thousand times takes
 * the parser half a second.
 */
export function isTooIntricate(markdown: string): boolean {
  if ((markdown.match(/[*_~[\]`]+/g)?.length ?? 0) > 200) return true
  let bars = 0
  let blocks = 0
  for (const line of markdown.split('\n')) {
    if (line.length - line.trimStart().length > 40) return true
    if (markersBefore(line) > 12) return true
    bars += line.split('|').length - 1
    if (/^\s*(?:[>#=+-]|\d{1,9}[.)]|```|~~~)/.test(line)) blocks += 1
  }
  return bars > 200 || blocks > 200
}

/** Quotes and list items that begin on this line, within each other. */
function markersBefore(line: string): number {
  const prefix = /^(?:\s*(?:>|[-+*]\s|\d{1,9}[.)]\s))*/.exec(line)?.[0] ?? ''
  return prefix.match(/>|[-+*]|\d+[.)]/g)?.length ?? 0
}
