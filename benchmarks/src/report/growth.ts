import type { LineSeriesOption } from 'echarts/charts'
import type { Metric, PeerFacts, Results, ScenarioFacts } from '../results.ts'
import { colours, draw, emptyPicture, margin, plain, type Text, titleHeight, titleTexts, width } from './drawing.ts'
import { Figures } from './figures.ts'
import { figure } from './markdown.ts'

interface Line {
  readonly peer: PeerFacts
  readonly colour: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

const growthHeight = 400
const plot = { left: margin + 48, top: titleHeight + 12, width: width - 2 * margin - 48 - 170, height: 260 }

/** Labels of lines that end together keep this distance, in pixels. */
const labelDistance = 17

/**
 * A line for each peer over the rows of a scenario that have an `x`, both axes logarithmic.
 *
 * @returns an SVG, which says so when nothing of it was measured
 * @throws Error when two rows have the same `x`
 */
export function growthPicture(results: Results, scenarioName: string, metricName = 'cpu'): string {
  const scenario = results.scenarios.find(({ name }) => name === scenarioName)
  const metric = scenario?.metrics.find(({ name }) => name === metricName)
  if (scenario === undefined || metric === undefined) return emptyPicture(`Growth: ${scenarioName}, ${metricName}`)
  const rows = scenario.rows.flatMap(({ name, x }) => (x === undefined ? [] : [{ name, x }]))
  if (new Set(rows.map(({ x }) => x)).size < rows.length) {
    throw new Error(`${scenarioName} can't be drawn as lines: two of its rows have the same x`)
  }
  const figures = new Figures(results)
  const lines = results.peers.flatMap((peer, index): Line[] => {
    const points = rows
      .toSorted((one, other) => one.x - other.x)
      .flatMap(({ name, x }) => {
        const median = figures.spread({ scenario: scenarioName, row: name, metric: metricName }, peer.name)?.median ?? 0
        // There is no place for a figure below what can be measured.
        return median > 0 ? [[x, median] as const] : []
      })
    const colour = index === 0 ? colours.strong : (colours.lines[(index - 1) % colours.lines.length] ?? colours.quiet)
    return points.length === 0 ? [] : [{ peer, colour, points }]
  })
  if (lines.length === 0) return emptyPicture(scenario.title)
  return drawGrowth(results, scenario, metric, lines)
}

function drawGrowth({ peers, date }: Results, scenario: ScenarioFacts, metric: Metric, lines: readonly Line[]): string {
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))].toSorted((one, other) => one - other)
  const ys = roundSteps(lines.flatMap(({ points }) => points.map(([, y]) => y)))
  const description = lines
    .map(
      ({ peer, points }) => `${plain(peer.title)}: ${points.map(([x, y]) => `${figure(y)} at ${count(x)}`).join(', ')}`,
    )
    .join('. ')
  return draw(
    {
      width,
      height: growthHeight,
      title: scenario.title,
      description: `${metric.title}, ${metric.unit}. ${description}.`,
    },
    {
      grid: plot,
      xAxis: axisOf(xs, 10, { splitLine: { show: false } }),
      yAxis: axisOf(ys, 22, { axisLine: { show: false } }),
      series: lines.map((line) => series(line, line.peer === peers[0])),
    },
    [
      ...titleTexts(
        scenario.title,
        `${metric.title}, ${metric.unit}; ${metric.better} is better. Both axes are logarithmic. ${date}`,
      ),
      ...endTexts(lines, peers[0], extentOf(xs), extentOf(ys)),
      ...(scenario.xTitle === undefined
        ? []
        : [
            {
              x: plot.left + plot.width / 2,
              y: plot.top + plot.height + 38,
              text: scenario.xTitle,
              colour: colours.quiet,
              align: 'center' as const,
            },
          ]),
    ],
  )
}

/** A logarithmic axis from the first step to the last, with a label at each. */
function axisOf(steps: readonly number[], labelMargin: number, more: Record<string, unknown>): Record<string, unknown> {
  const [min, max] = extentOf(steps)
  return {
    type: 'log',
    min,
    max,
    axisTick: { show: false, customValues: steps },
    axisLabel: { color: colours.quiet, fontSize: 12, margin: labelMargin, customValues: steps, formatter: count },
    axisLine: { lineStyle: { color: colours.border } },
    splitLine: { lineStyle: { color: colours.grid } },
    ...more,
  }
}

function series({ colour, points }: Line, isFirst: boolean): LineSeriesOption {
  return {
    type: 'line',
    silent: true,
    symbol: 'circle',
    symbolSize: isFirst ? 8 : 6,
    // Above the others, wherever they cross.
    z: isFirst ? 5 : 3,
    lineStyle: { color: colour, width: isFirst ? 3 : 2 },
    itemStyle: { color: colour },
    // The last has its label beside the line's end.
    label: {
      show: isFirst,
      position: 'bottom',
      distance: 7,
      fontSize: 11,
      fontWeight: 600,
      color: colour,
      textBorderColor: colours.card,
      textBorderWidth: 3,
      formatter: ({ dataIndex }) => (dataIndex < points.length - 1 ? figure(points[dataIndex]?.[1] ?? 0) : ''),
    },
    data: points.map((point) => [...point]),
  }
}

/** Each peer's name and last figure beside the end of its line, moved apart where lines end together. */
function endTexts(lines: readonly Line[], first: PeerFacts | undefined, xs: Extent, ys: Extent): Text[] {
  const ends = lines
    .flatMap(({ peer, colour, points }) => {
      const [x, y] = points.at(-1) ?? []
      if (x === undefined || y === undefined) return []
      return [
        {
          peer,
          colour,
          value: y,
          x: plot.left + share(x, xs) * plot.width,
          y: plot.top + (1 - share(y, ys)) * plot.height,
        },
      ]
    })
    .toSorted((one, other) => one.y - other.y)
  const places = apart(ends.map(({ y }) => y))
  return ends.map(({ peer, colour, value, x }, index) => ({
    x: x + 12,
    y: places[index] ?? 0,
    text: `${plain(peer.title)} ${figure(value)}`,
    colour,
    bold: peer === first,
  }))
}

/** @param wanted ascending */
function apart(wanted: readonly number[]): number[] {
  const places: number[] = []
  for (const place of wanted) places.push(Math.max(place, (places.at(-1) ?? -Infinity) + labelDistance))
  // Those that now stand too low are pushed back up by the lowest.
  let below = plot.top + plot.height + labelDistance
  for (let index = places.length - 1; index >= 0; index--) {
    below = Math.min(places[index] ?? below, below - labelDistance)
    places[index] = below
  }
  return places
}

/** The ends of an axis lie at least so far apart: close together, they would make a slope of every wobble. */
const leastRange = 20

/** One, two and five times the powers of ten: those between the values, and one or more beyond each end. */
function roundSteps(values: readonly number[]): number[] {
  const [min, max] = [Math.min(...values), Math.max(...values)]
  const steps: number[] = []
  for (let power = Math.floor(Math.log10(min)) - 2; power <= Math.ceil(Math.log10(max)) + 2; power++) {
    // Not as a product, whose last bit may be off.
    steps.push(...[1, 2, 5].map((digit) => Number(`${digit}e${power}`)))
  }
  // Figures stand below their points: the lowest one needs a place above the axis.
  let from = steps.findLastIndex((step) => step * 1.3 < min)
  let to = steps.findIndex((step) => step > max)
  while ((steps[to] ?? Infinity) / (steps[from] ?? 0) < leastRange) {
    from--
    to++
  }
  return steps.slice(from, to + 1)
}

type Extent = readonly [min: number, max: number]

/** With room around where all is in one place. */
function extentOf(steps: readonly number[]): Extent {
  const [min = 1, max = min] = [steps[0], steps.at(-1)]
  return min < max ? [min, max] : [min / 10, max * 10]
}

const share = (value: number, [min, max]: Extent) => Math.log(value / min) / Math.log(max / min)

const count = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 3 })
