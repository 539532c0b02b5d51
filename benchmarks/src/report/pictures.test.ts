import { findChromium, requireServices } from '@backchannel/servers'
import { chromium } from '@playwright/test'
import { expect, test } from 'vitest'
import type { Metric, Results } from '../results.ts'
import { example } from './fixture.ts'
import type { HeadlineEntry } from './headline.ts'
import { growthPicture, headlinePicture } from './pictures.ts'

const withChromium = await requireServices('chromium')

/** What stands in a picture, and where. */
function textsOf(svg: string): { text: string; x: number; y: number }[] {
  return Array.from(
    svg.matchAll(/<text [^>]*translate\((\S+) (\S+)\)[^>]*>([^<]*)<\/text>/g),
    ([, x, y, text = '']) => ({
      text,
      x: Number(x),
      y: Number(y),
    }),
  )
}
const textOf = (svg: string) => textsOf(svg).map(({ text }) => text)

const entry = (row: string, metric = 'cpu'): HeadlineEntry => ({
  scenario: 'fan-out',
  row,
  metric,
  title: `Row ${row}`,
})

test('has a panel for each measured entry that says how much is spent', () => {
  const entries = [entry('1000-128-win1'), entry('1000-128-win1', 'rate'), entry('1000-128-burst'), entry('unknown')]
  const texts = textOf(headlinePicture(example, entries))
  expect(texts.filter((text) => text.startsWith('Row '))).toEqual(['Row 1000-128-win1', 'Row 1000-128-burst'])
  expect(texts.filter((text) => text === 'Backchannel hub')).toHaveLength(2)
  expect(texts).toEqual(expect.arrayContaining(['4.6', '11', '2.4 ×', '0.060', '20 ×', '95 ×']))
})

test('draws what runs can be compared by: no times, and nothing of which more is better', () => {
  const having = (change: Partial<Metric>): Results => ({
    ...example,
    scenarios: example.scenarios.map((scenario) => ({
      ...scenario,
      metrics: scenario.metrics.map((metric) => ({ ...metric, ...change })),
    })),
  })
  for (const change of [{ guarded: false }, { better: 'more' }] as const) {
    expect(textOf(headlinePicture(having(change), [entry('1000-128-win1')]))).toContain('Not measured in this run.')
  }
})

test('has no bar for a peer without samples', () => {
  const samples = example.samples.filter(({ peer, row }) => peer !== 'ws' || row !== '1000-128-win1')
  const texts = textOf(headlinePicture({ ...example, samples }, [entry('1000-128-win1'), entry('1000-128-burst')]))
  expect(texts.filter((text) => text === 'ws')).toHaveLength(1)
})

test('draws a line for each peer, with names that do not cover each other', () => {
  const svg = growthPicture(example, 'fan-out')
  const texts = textsOf(svg)
  expect(texts.map(({ text }) => text)).toEqual(
    expect.arrayContaining(['Fan-out', 'subscribers', '100', '1,000', '5,000']),
  )
  const ends = texts.filter(({ text }) => /^(?:Backchannel hub 10.2|Centrifugo 18|Socket.IO 18.1|ws 9.9)$/.test(text))
  expect(ends).toHaveLength(4)
  const heights = ends.map(({ y }) => y).toSorted((one, other) => one - other)
  const gaps = heights.slice(1).map((height, index) => height - (heights[index] ?? 0))
  expect(Math.min(...gaps)).toBeGreaterThan(16)
})

const flat = (value: number): Results => ({
  ...example,
  samples: example.samples.map((sample) => ({ ...sample, value })),
})

test('puts the names of lines that end together below one another, the first beside its line', () => {
  const texts = textsOf(growthPicture(flat(7), 'fan-out'))
  const heightOf = (wanted: string) => texts.find(({ text }) => text === wanted)?.y ?? NaN
  const step = heightOf('10') - heightOf('5')
  expect(heightOf('Backchannel hub 7.0')).toBeCloseTo(heightOf('5') + step * Math.log2(7 / 5), 0)
  expect(heightOf('Centrifugo 7.0')).toBe(heightOf('Backchannel hub 7.0') + 17)
  expect(heightOf('ws 7.0')).toBe(heightOf('Backchannel hub 7.0') + 3 * 17)
})

test('keeps the names above the axis where lines end low', () => {
  const samples = example.samples.map((sample) => ({ ...sample, value: sample.row.startsWith('100-') ? 500 : 2.7 }))
  const texts = textsOf(growthPicture({ ...example, samples }, 'fan-out'))
  const axis = texts.find(({ text }) => text === '2')?.y ?? NaN
  const ends = texts.filter(({ text }) => text.endsWith(' 2.7'))
  expect(ends.map(({ y }) => y)).toEqual([3, 2, 1, 0].map((place) => axis - place * 17))
})

test('gives the axes round steps around the figures, and a flat line room', () => {
  const stepsOf = (value: number) =>
    textsOf(growthPicture(flat(value), 'fan-out'))
      .filter(({ x, text }) => x < 70 && /^[\d.,]+$/.test(text))
      .map(({ text }) => text)
  expect(stepsOf(7)).toEqual(['1', '2', '5', '10', '20', '50'])
  expect(stepsOf(0.03)).toEqual(['0.005', '0.01', '0.02', '0.05', '0.1', '0.2'])
})

test('refuses a scenario whose rows lie on top of each other', () => {
  const scenarios = example.scenarios.map((scenario) => ({
    ...scenario,
    rows: scenario.rows.map((row) => ({ ...row, x: 100 })),
  }))
  expect(() => growthPicture({ ...example, scenarios }, 'fan-out')).toThrow("fan-out can't be drawn as lines")
})

test('says what was not measured', () => {
  const nothing = { ...example, samples: [] }
  const below = 'Not measured in this run.'
  expect(textOf(headlinePicture(nothing))).toContain(below)
  expect(textOf(growthPicture(nothing, 'fan-out'))).toEqual(['Fan-out', below])
  expect(textOf(growthPicture(example, 'idle', 'rss'))).toEqual(['Idle connections', below])
  expect(textOf(growthPicture(example, 'unknown'))).toContain(below)
})

test('gives the same file for the same results', () => {
  const both = () => [headlinePicture(example), growthPicture(example, 'fan-out')]
  expect(both()).toEqual(both())
})

test('needs nothing from outside, and runs nothing', () => {
  for (const svg of [headlinePicture(example), growthPicture(example, 'fan-out')]) {
    expect(svg.replaceAll(/ xmlns(?::xlink)?="[^"]*"/g, '')).not.toMatch(/http|href|@import|<style|<script|\bclass=/)
  }
})

test('is an image for a browser, whatever a peer is called', { ...withChromium, timeout: 60_000 }, async () => {
  const titled: Results = {
    ...example,
    peers: example.peers.map((peer) => ({ ...peer, title: `\`<b>\` & "${peer.name}"` })),
  }
  const executablePath = await findChromium()
  const browser = await chromium.launch(executablePath === undefined ? {} : { executablePath })
  try {
    const page = await browser.newPage()
    for (const svg of [headlinePicture(titled), growthPicture(titled, 'fan-out')]) {
      expect(textOf(svg).some((text) => text.startsWith('&lt;b&gt; &amp;'))).toBe(true)
      const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`
      await page.setContent(`<img alt="" src="${source}">`)
      const width = await page.evaluate(`{
        const image = document.querySelector('img')
        image.decode().then(() => image.naturalWidth)
      }`)
      expect(width).toBe(880)
    }
  } finally {
    await browser.close()
  }
})
