import type { Bench } from '../bench.ts'
import type { RunResult } from '../load-generator.ts'
import { cpuPer, latency } from '../metrics.ts'
import { seq } from '../modes.ts'
import { payloadOf } from '../payload.ts'
import { publishCall } from '../peers/calls.ts'
import { appCentrifugo, appChild, appHub, appSocketIo } from '../peers/pages.ts'
import type { RunningPeer } from '../peers/peer.ts'
import type { RowFacts } from '../results.ts'
import { deliveryFigures, openAudience } from './delivery.ts'
import type { Measured, Scenario, Stage } from './scenario.ts'

/** The share of the app's time that rendering takes. */
const share = 0.6
/** Until V8 has compiled what renders. */
const rendersBefore = 200
const rendersMeasured = 100

const payload = payloadOf(128)

/** Pages per second: the same for every peer of a run, whatever the machine does while it is started. */
const rates = new WeakMap<Bench, number>()

async function pageRate(bench: Bench, { appAddress, address }: RunningPeer): Promise<number> {
  const secondsOf = async (count: number): Promise<number> => {
    const response = await fetch(`http://${appAddress ?? address}/bench/render?count=${bench.size(count)}`)
    const { seconds } = (await response.json()) as { seconds: number }
    return seconds
  }
  await secondsOf(rendersBefore)
  const rate = rates.get(bench) ?? share / (await secondsOf(rendersMeasured))
  rates.set(bench, rate)
  return rate
}

function pagesStage(rows: readonly (RowFacts & { pages: boolean })[], cores: 'one core' | 'two cores'): Stage {
  return {
    peers: [appHub, appChild, appCentrifugo, appSocketIo],
    rows: rows.map(({ name, title }) => ({ name, title })),
    async open(bench, peer) {
      const subscribers = bench.size(1000)
      const { running, contender } = await openAudience(bench, peer, { subscribers })
      if (cores === 'two cores') await bench.unpin(running)
      const rate = await pageRate(bench, running)
      return contender((row) => {
        const { pages } = rows.find(({ name }) => name === row) ?? { pages: false }
        return {
          ...seq.request(running, payload, subscribers),
          call: { ...publishCall(payload), path: '/publish' },
          lasts: seq.lasts ?? 1,
          ...(running.appAddress === undefined ? {} : { address: running.appAddress }),
          ...(pages ? { pages: { path: '/page', rate } } : {}),
        }
      }, figuresOf)
    },
  }
}

function figuresOf(result: RunResult): Measured {
  const { figures, ...rest } = deliveryFigures(result)
  const { cpu = NaN, p50 = NaN, p99 = NaN } = figures
  const { pages, seconds } = result
  return {
    figures: {
      p50,
      p99,
      cpu,
      ...(pages && { pageP50: pages.p50 / 1000, pageP99: pages.p99 / 1000, pages: pages.requests / seconds }),
    },
    ...rest,
  }
}

export const pages: Scenario = {
  name: 'pages',
  subject: 'app-hub',
  title: 'An app that renders pages while it publishes',
  about: `1,000 subscribers, 128 bytes, 20,000 deliveries per second; every publish is a request to the app. Meanwhile it is asked for pages (a table of 480 rows, \`renderToString\`) at fixed times, as many as take ${share * 100} % of its time. All processes of a peer share one core, as on the smallest machines, which hides what a second process is good for; but in the last row they have two, the load generator's as well.`,
  metrics: [
    latency('p50', 'Latency of a delivery, median'),
    latency('p99', 'Latency of a delivery, 99 % within'),
    latency('pageP50', 'Latency of a page, median'),
    latency('pageP99', 'Latency of a page, 99 % within'),
    { name: 'pages', title: 'Pages answered', unit: 'pages/s', better: 'more', guarded: false },
    // Mostly that of the pages.
    { ...cpuPer('delivery'), title: 'Server CPU per delivery, pages included', guarded: false },
  ],
  stages: [
    pagesStage(
      [
        { name: 'idle', title: 'no pages, one core', pages: false },
        { name: 'rendering', title: 'rendering, one core', pages: true },
      ],
      'one core',
    ),
    pagesStage([{ name: 'rendering-two-cores', title: 'rendering, two cores', pages: true }], 'two cores'),
  ],
}
