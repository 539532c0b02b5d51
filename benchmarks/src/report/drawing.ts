import { BarChart, CustomChart, LineChart } from 'echarts/charts'
import { GraphicComponent, GridComponent } from 'echarts/components'
import { type EChartsCoreOption, init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'

use([BarChart, CustomChart, LineChart, GraphicComponent, GridComponent, SVGRenderer])

/** The picture brings its own light card: what shows it may be light or dark, and an image can't know which. */
export const colours = {
  card: '#ffffff',
  border: '#d1d9e0',
  text: '#1f2328',
  quiet: '#59636e',
  grid: '#eaeef2',
  /** Of the first peer. */
  strong: '#0a66c2',
  /** Of the others: in bars, where a name stands beside each. */
  soft: '#b6c0cc',
  /** Of the others: in lines, which cross. */
  lines: ['#9a5f34', '#4f7a62', '#7a62a3', '#a0527a', '#64707d', '#857a2f', '#3f7f95'],
} as const

/** What is installed: an image may load no font. */
const fontFamily = '-apple-system, BlinkMacSystemFont, Segoe UI, Helvetica, Arial, sans-serif'

export const width = 880
export const margin = 28
/** What the title and the line below it take. */
export const titleHeight = 72

export interface Picture {
  readonly width: number
  readonly height: number
  readonly title: string
  /** For those who can't see it. */
  readonly description: string
}

/** A piece of text at a place, in pixels from the top left. */
export interface Text {
  readonly x: number
  readonly y: number
  readonly text: string
  readonly size?: number
  readonly colour?: string
  readonly bold?: boolean
  readonly align?: 'left' | 'center' | 'right'
}

/** An SVG that is the same for the same option. */
export function draw(
  { width, height, title, description }: Picture,
  option: EChartsCoreOption,
  texts: readonly Text[],
): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  try {
    chart.setOption({
      animation: false,
      textStyle: { fontFamily, color: colours.text },
      ...option,
      graphic: [card(width, height), ...texts.map(textElement)],
    })
    return cleaned(chart.renderToSVGString(), title, description)
  } finally {
    chart.dispose()
  }
}

export function titleTexts(title: string, below: string): Text[] {
  return [
    { x: margin, y: 30, text: title, size: 17, bold: true },
    { x: margin, y: 52, text: below, colour: colours.quiet },
  ]
}

/** In place of a picture of which the run has no figures, so that no older one stays. */
export function emptyPicture(title: string): string {
  const below = 'Not measured in this run.'
  return draw({ width, height: titleHeight, title, description: below }, {}, titleTexts(title, below))
}

/** Markdown's quotes around code are no part of a title here. */
export const plain = (title: string): string => title.replaceAll('`', '')

const card = (width: number, height: number) => ({
  type: 'rect',
  z: -1,
  silent: true,
  shape: { x: 0.5, y: 0.5, width: width - 1, height: height - 1, r: 8 },
  style: { fill: colours.card, stroke: colours.border, lineWidth: 1 },
})

const textElement = ({ x, y, text, size = 12, colour = colours.text, bold = false, align = 'left' }: Text) => ({
  type: 'text',
  x,
  y,
  z: 10,
  silent: true,
  style: {
    text,
    fill: colour,
    align,
    verticalAlign: 'middle',
    fontFamily,
    fontSize: size,
    fontWeight: bold ? 600 : 400,
  },
})

/**
 * ECharts counts its pictures, and names classes and clips after the count: the same picture would be another file each
 * time. The classes are for pointers, which an image has not got.
 */
function cleaned(svg: string, title: string, description: string): string {
  return svg
    .replaceAll(/<style\b[\s\S]*?<\/style>\n?/g, '')
    .replaceAll(/ (?:class|ecmeta_\w+|pointer-events)="[^"]*"/g, '')
    .replaceAll(/\bzr\d+-/g, '')
    .replace('<svg ', '<svg role="img" ')
    .replace('>', `>\n<title>${escaped(title)}</title>\n<desc>${escaped(description)}</desc>`)
    .trim()
    .concat('\n')
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
