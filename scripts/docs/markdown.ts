/** What the tests of the documentation read out of Markdown: code blocks, links, the anchors of headings. */

export interface CodeBlock {
  /** `ts`, `tsx`, `sh`, … */
  readonly language: string
  /** Further words behind the language; a reader's renderer shows none of them. */
  readonly flags: readonly string[]
  readonly code: string
  /** Of the opening fence, from 1. */
  readonly line: number
}

const fence = /^( *)(`{3,})(.*)$/

export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = []
  const lines = markdown.split('\n')
  for (let index = 0; index < lines.length; index++) {
    const [, indent = '', ticks = '', info = ''] = fence.exec(lines[index] ?? '') ?? []
    if (ticks === '') continue
    const start = index + 1
    const end = lines.findIndex((line, at) => at >= start && line.trim() === ticks)
    if (end < 0) throw new Error(`line ${start}: a code block is not closed`)
    const [language = '', ...flags] = info.trim().split(/\s+/)
    const code = lines.slice(start, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
    blocks.push({ language, flags, code: `${code.join('\n')}\n`, line: start })
    index = end
  }
  return blocks
}

/** The text without code, in which anything may look like a link or a heading. */
function prose(markdown: string): string {
  let open: string | undefined
  const lines = markdown.split('\n').map((line) => {
    const ticks = fence.exec(line)?.[2]
    if (open === undefined && ticks !== undefined) open = ticks
    else if (open !== undefined && line.trim() === open) open = undefined
    else if (open === undefined) return line
    return ''
  })
  return lines.join('\n')
}

/** Where the links and pictures lead. */
export function links(markdown: string): string[] {
  const text = prose(markdown).replaceAll(/`[^`\n]*`/g, '')
  return [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => target)
}

/** The anchors of the headings, as GitHub makes them. */
export function anchors(markdown: string): Set<string> {
  const found = new Set<string>()
  for (const [, heading = ''] of prose(markdown).matchAll(/^#{1,6} +(.+)$/gm)) {
    const slug = heading
      .trim()
      .toLowerCase()
      .replaceAll(/\]\([^)]*\)/g, '')
      .replaceAll(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
      .replaceAll(/\s/g, '-')
    let unique = slug
    for (let count = 1; found.has(unique); count++) unique = `${slug}-${count}`
    found.add(unique)
  }
  return found
}
