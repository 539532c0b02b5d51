import { Component, memo, type ReactNode } from 'react'
import ReactMarkdown, { type Components } from 'react-markdown'
import remarkBreaks from 'remark-breaks'
import remarkGfm from 'remark-gfm'
import { isPlain, isTooIntricate } from './markdown-limits.ts'

/** A message as it was meant: no HTML, nothing loaded from elsewhere. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const plain = <p className="whitespace-pre-wrap">{text}</p>
  if (isPlain(text) || isTooIntricate(text)) return plain
  return (
    <PlainOnFailure plain={plain}>
      <Parsed text={text} />
    </PlainOnFailure>
  )
})

/** What was parsed last, by its text: who comes back to a room sees it without parsing it again. */
const parsed = new Map<string, ReactNode>()
const keptParsed = 1_000

function Parsed({ text }: { text: string }): ReactNode {
  const known = parsed.get(text)
  if (known !== undefined) return known
  const made = ReactMarkdown({ remarkPlugins: plugins, components, urlTransform: safeUrl, children: text })
  parsed.set(text, made)
  const oldest = parsed.keys().next()
  if (parsed.size > keptParsed && oldest.done !== true) parsed.delete(oldest.value)
  return made
}

const plugins = [[remarkGfm, { singleTilde: false }], remarkBreaks] satisfies Parameters<
  typeof ReactMarkdown
>[0]['remarkPlugins']

/** The address, if it is one of the web or of a mailbox; else nothing, and what it was on is text. */
function safeUrl(url: string): string {
  return /^(?:https?:\/\/|mailto:)/i.test(url) ? url : ''
}

function SafeLink({ href, children }: { href?: string | undefined; children?: ReactNode }) {
  if (href === undefined || href === '') return <>{children}</>
  return (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  )
}

/** A message is no place for headings of the page. */
function Heading({ children }: { children?: ReactNode }) {
  return (
    <p>
      <strong>{children}</strong>
    </p>
  )
}

const components: Components = {
  a: ({ href, children }) => <SafeLink href={href}>{children}</SafeLink>,
  img: ({ src, alt }) => (
    <SafeLink href={typeof src === 'string' ? src : undefined}>
      {alt === '' || alt === undefined ? 'Image' : alt}
    </SafeLink>
  ),
  h1: Heading,
  h2: Heading,
  h3: Heading,
  h4: Heading,
  h5: Heading,
  h6: Heading,
  // Wide ones scroll within the message; what scrolls can be reached with the keyboard.
  pre: ({ children }) => <pre tabIndex={0}>{children}</pre>,
  table: ({ children }) => (
    <div className="table-frame" tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
  // Ids would meet those of other messages.
  section: ({ children }) => <div>{children}</div>,
  sup: ({ children }) => <sup>{children}</sup>,
  li: ({ children }) => <li>{children}</li>,
  input: ({ checked }) => <input type="checkbox" checked={checked === true} disabled aria-label="Task" />,
}

/** One message that can't be laid out is no reason to lose the page. */
class PlainOnFailure extends Component<{ plain: ReactNode; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false }

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true }
  }

  override render(): ReactNode {
    return this.state.failed ? this.props.plain : this.props.children
  }
}
