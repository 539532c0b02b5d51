import type { BarSeriesOption, CustomSeriesOption } from 'echarts/charts'
import type { PeerFacts, Results } from '../results.ts'
import type { Spread } from '../stats.ts'
import { colours, draw, emptyPicture, margin, plain, type Text, titleHeight, titleTexts, width } from './drawing.ts'
import { Figures } from './figures.ts'
import { type HeadlineEntry, headlineEntries, type MeasuredEntry, measuredEntries } from './headline.ts'
import { figure } from './markdown.ts'

interface Bar {
  readonly peer: PeerFacts
  readonly spread: Spread
  /** How many times the first peer's figure it is. */
  readonly times: number | undefined
}

interface Panel {
  readonly entry: MeasuredEntry
  readonly bars: readonly Bar[]
}

const pitch = 24
const thickness = 14
const headingHeight = 46
const panelGap = 30
const panelWidth = (width - 2 * margin - 36) / 2
const namesWidth = 132
const barsWidth = panelWidth - namesWidth - 92

/**
 * Bars side by side, for each entry in a panel and on a scale of its own, since a burst costs a hundredth of the rest.
 *
 * @param entries drawn are those that were measured, guarded, and of which less is better: CPU and memory
 * @returns an SVG, which says so when there are none
 */
export function headlinePicture(results: Results, entries: readonly HeadlineEntry[] = headlineEntries): string {
  const panels = measuredEntries(results, entries)
    .filter(({ metric }) => metric.guarded && metric.better === 'less')
    .map((entry) => ({ entry, bars: barsOf(results, entry.entry) }))
  const title = 'Server CPU and memory, side by side'
  if (panels.length === 0) return emptyPicture(title)

  const lines = Array.from({ length: Math.ceil(panels.length / 2) }, (_, line) => panels.slice(2 * line, 2 * line + 2))
  const heights = lines.map((line) => headingHeight + pitch * Math.max(...line.map(({ bars }) => bars.length)))
  const placed = lines.flatMap((line, index) => {
    const top = titleHeight + heights.slice(0, index).reduce((sum, height) => sum + height + panelGap, 0)
    return line.map((panel, column) => ({ panel, left: margin + column * (panelWidth + 36), top }))
  })
  const height = titleHeight + heights.reduce((sum, it) => sum + it + panelGap, 0) - panelGap + margin
  const first = results.peers[0]
  const texts: Text[] = [
    ...titleTexts(
      title,
      `Shorter is better. Grey figures: how many times what ${plain(first?.title ?? '')} takes. Thin lines: lowest to highest round. ${results.date}`,
    ),
    ...placed.flatMap(({ panel, left, top }) => panelTexts(panel, first, left, top)),
  ]
  const description = placed.map(({ panel }) => panelDescription(panel)).join('. ')
  return draw({ width, height, title, description: `${description}.` }, barOptions(placed, first), texts)
}

function barsOf({ peers, ...results }: Results, entry: HeadlineEntry): Bar[] {
  const figures = new Figures(results)
  const [first] = peers
  return peers.flatMap((peer) => {
    const spread = figures.spread(entry, peer.name)
    if (spread === undefined) return []
    const ratio = first === undefined || peer === first ? undefined : figures.ratio(entry, first.name, peer.name)
    return [{ peer, spread, times: ratio && 1 / ratio.median }]
  })
}

function barOptions(
  placed: readonly { panel: Panel; left: number; top: number }[],
  first: PeerFacts | undefined,
): Record<string, unknown> {
  const scales = placed.map(({ panel }) => Math.max(...panel.bars.map(({ spread }) => spread.max), Number.MIN_VALUE))
  return {
    grid: placed.map(({ panel, left, top }) => ({
      left: left + namesWidth,
      top: top + headingHeight,
      width: barsWidth,
      height: panel.bars.length * pitch,
    })),
    xAxis: placed.map((_, index) => ({ gridIndex: index, type: 'value', min: 0, max: scales[index], show: false })),
    yAxis: placed.map(({ panel }, index) => ({
      gridIndex: index,
      type: 'category',
      inverse: true,
      show: false,
      data: panel.bars.map(({ peer }) => peer.name),
    })),
    series: placed.flatMap(({ panel }, index) => [
      barSeries(panel, index, scales[index] ?? 1, first),
      whiskers(panel, index),
    ]),
  }
}

function barSeries({ bars }: Panel, index: number, scale: number, first: PeerFacts | undefined): BarSeriesOption {
  return {
    type: 'bar',
    xAxisIndex: index,
    yAxisIndex: index,
    silent: true,
    barWidth: thickness,
    data: bars.map(({ peer, spread, times }) => ({
      value: spread.median,
      itemStyle: { color: peer === first ? colours.strong : colours.soft, borderRadius: [0, 2, 2, 0] },
      label: {
        show: true,
        position: 'right',
        // Beyond the end of the thin line.
        distance: 7 + ((spread.max - spread.median) / scale) * barsWidth,
        formatter: `{figure|${figure(spread.median)}}${times === undefined ? '' : `  {times|${figure(times)} ×}`}`,
        rich: {
          figure: { fontSize: 12, fontWeight: 600, color: peer === first ? colours.strong : colours.text },
          times: { fontSize: 12, color: colours.quiet },
        },
      },
    })),
  }
}

function whiskers({ bars }: Panel, index: number): CustomSeriesOption {
  return {
    type: 'custom',
    xAxisIndex: index,
    yAxisIndex: index,
    silent: true,
    // Above the bars.
    z: 4,
    data: bars.map(({ spread }, position) => [position, spread.min, spread.max]),
    encode: { x: [1, 2], y: 0 },
    renderItem(_, api) {
      const [x1 = 0, y = 0] = api.coord([api.value(1), api.value(0)])
      const [x2 = 0] = api.coord([api.value(2), api.value(0)])
      return {
        type: 'line',
        shape: { x1, x2, y1: y, y2: y },
        style: { fill: 'none', stroke: colours.text, lineWidth: 1, opacity: 0.55 },
      }
    },
  }
}

function panelTexts(
  { entry: { entry, metric }, bars }: Panel,
  first: PeerFacts | undefined,
  left: number,
  top: number,
): Text[] {
  return [
    { x: left, y: top + 10, text: entry.title, size: 13, bold: true },
    { x: left, y: top + 29, text: `${metric.title}, ${metric.unit}`, size: 11, colour: colours.quiet },
    ...bars.map(({ peer }, index) => ({
      x: left + namesWidth - 10,
      y: top + headingHeight + (index + 0.5) * pitch,
      text: plain(peer.title),
      align: 'right' as const,
      ...(peer === first ? { bold: true, colour: colours.strong } : {}),
    })),
  ]
}

const panelDescription = ({ entry: { entry, metric }, bars }: Panel) =>
  `${entry.title}, ${metric.unit}: ${bars.map(({ peer, spread }) => `${plain(peer.title)} ${figure(spread.median)}`).join(', ')}`
