import { parseArgs } from 'node:util'
import { redisAvailable } from '@backchannel/servers'
import { machineFacts } from '../machine.ts'
import { type Spread, spreadOf } from '../stats.ts'
import { countLoads, type HitRound, measureDead, measureHits, type Plan } from './measure.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean' } } })
const available = await redisAvailable()
if (!available.ok) {
  console.error(`The benchmark can't run here: ${available.reason}.`)
  process.exit(1)
}
const plan: Plan = values.quick
  ? { rounds: 1, reads: 2_000, windows: [1, 100] }
  : { rounds: 9, reads: 30_000, windows: [1, 100] }
const callers = 1_000

const show = ({ median, min, max }: Spread, unit: string, digits = 1) =>
  `${median.toFixed(digits)} ${unit} (${min.toFixed(digits)}–${max.toFixed(digits)})`
const over = (rounds: readonly HitRound[], figure: (round: HitRound) => number) => spreadOf(rounds.map(figure))

console.log(`${machineFacts()}, ${new Date().toISOString().slice(0, 10)}`)
console.log(`Medians of ${plan.rounds} rounds of ${plan.reads} reads, lowest–highest in brackets.\n`)

console.log('| a hit, 0.7 KB of JSON | bare client + JSON.parse | cacheGet | ratio within a round |')
console.log('| --- | --- | --- | --- |')
const hits = await measureHits(plan)
for (const window of plan.windows) {
  const rounds = hits.filter((round) => round.window === window)
  const row = (name: string, bare: Spread, cache: Spread, ratio: Spread) =>
    console.log(
      `| ${name}, ${window} outstanding | ${show(bare, 'µs')} | ${show(cache, 'µs')} | ${show(ratio, '×', 2)} |`,
    )
  row(
    'CPU',
    over(rounds, ({ bareCpu }) => bareCpu),
    over(rounds, ({ cacheCpu }) => cacheCpu),
    over(rounds, ({ bareCpu, cacheCpu }) => cacheCpu / bareCpu),
  )
  row(
    'time',
    over(rounds, ({ bareTime }) => bareTime),
    over(rounds, ({ cacheTime }) => cacheTime),
    over(rounds, ({ bareTime, cacheTime }) => cacheTime / bareTime),
  )
}

console.log('\n| a dead server | the first read | each one after it |')
console.log('| --- | --- | --- |')
const dead = await measureDead(plan)
for (const [name, rounds] of [
  ['nobody listens', dead.refused],
  ['connects, never answers', dead.silent],
] as const) {
  const first = show(spreadOf(rounds.map(({ first }) => first)), 'ms')
  const later = show(spreadOf(rounds.map(({ later }) => later)), 'µs')
  console.log(`| ${name} | ${first} | ${later} |`)
}

console.log(`\n${callers} callers at once: ${await countLoads(callers)} call of the loader`)
