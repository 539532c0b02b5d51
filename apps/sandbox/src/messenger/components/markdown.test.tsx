import { renderToStaticMarkup } from 'react-dom/server'
import { describe, expect, test } from 'vitest'
import { isPlain, isTooIntricate } from './markdown-limits.ts'
import { Markdown } from './markdown.tsx'

const html = (text: string) => renderToStaticMarkup(<Markdown text={text} />)

describe('a message as Markdown', () => {
  test('is laid out', () => {
    expect(html('**bold** `code`')).toBe('<p><strong>bold</strong> <code>code</code></p>')
    expect(html('*one*\ntwo')).toBe('<p><em>one</em><br/>\ntwo</p>')
    expect(html('- one\n- two')).toContain('<li>one</li>')
    expect(html('|a|b|\n|-|-|\n|1|2|')).toContain('<td>1</td>')
  })

  test('has no headings of the page’s', () => {
    expect(html('# Title')).toBe('<p><strong>Title</strong></p>')
  })

  test('leads only where a link may lead', () => {
    const link = '<a href="https://example.com/" target="_blank" rel="noreferrer noopener">here</a>'
    expect(html('[here](https://example.com/)')).toBe(`<p>${link}</p>`)
    expect(html('https://example.com')).toContain('href="https://example.com"')
    expect(html('[mail](mailto:ada@example.com)')).toContain('href="mailto:ada@example.com"')
    for (const address of [
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      'data:text/html,x',
      '//example.com',
      '/sign-out',
      '#x',
    ]) {
      expect(html(`[here](${address})`)).toBe('<p>here</p>')
    }
  })

  test('loads nothing: images are links', () => {
    expect(html('![a cat](https://example.com/cat.png)')).toContain('href="https://example.com/cat.png"')
    expect(html('![a cat](https://example.com/cat.png)')).not.toContain('<img')
    expect(html('![](data:image/png;base64,AAAA)')).toBe('<p>Image</p>')
  })

  test('is never HTML', () => {
    const text = html('<img src=x onerror=alert(1)> <script>alert(2)</script> **x**')
    expect(text).not.toMatch(/<(?:img|script)/)
    expect(text).toContain('&lt;script&gt;')
  })
})

describe('what needs no Markdown', () => {
  test.each(['Hello!', 'Two\nlines', 'مرحبا', '👩‍💻', 'at 14:05', "it's fine (really)", 'a - b', '3 + 4 = 7'])(
    '%j',
    (text) => {
      expect(isPlain(text)).toBe(true)
      expect(html(text)).toContain('whitespace-pre-wrap')
    },
  )

  test.each([
    '*a*',
    '- a',
    '1. a',
    'www.example.com',
    'http://a',
    'a@b.com',
    '    code',
    'a\n---',
    '`a`',
    '&amp;',
    'a\\*',
  ])('but %j does', (text) => {
    expect(isPlain(text)).toBe(false)
  })
})

describe('what is made to be slow is shown as it was written', () => {
  const long = (part: string) => part.repeat(4_000 / part.length)
  test.each([
    ['quotes', long('>')],
    ['spaced quotes', long('> ')],
    ['numbers', long('1. ')],
    ['lists', Array.from({ length: 80 }, (_, depth) => `${' '.repeat(depth)}- a`).join('\n')],
    ['emphasis', long('**a**b')],
    ['headings', long('# a\n')],
    ['underlined headings', long('a\n-\n')],
    ['links', long('[a](b)')],
    ['a table', `${'|a'.repeat(300)}\n${'|-'.repeat(300)}\n${'|a|\n'.repeat(600)}`],
  ])('%s', (_, text) => {
    expect(isTooIntricate(text)).toBe(true)
    expect(html(text)).toContain('whitespace-pre-wrap')
  })

  test('but an ordinary list and table are not', () => {
    expect(isTooIntricate('> > quoted\n\n- one\n  - two\n    - three\n\n|a|b|\n|-|-|\n|1|2|')).toBe(false)
  })
})
