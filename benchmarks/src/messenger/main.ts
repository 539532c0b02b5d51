/** `npm run bench:messenger`: what it takes to tell a room's members of a message, by engine and by way of delivery. */
import { parseArgs } from 'node:util'
import { missingServices } from '@backchannel/servers'
import { machineFacts } from '../machine.ts'
import { spreadOf } from '../stats.ts'
import { engineNames, measure, modes, type Plan, type Sample } from './measure.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    // Members and rounds of each room.
    rooms: { type: 'string', default: '100x15,1000x15,10000x7,100000x3' },
  },
})
const missing = await missingServices('postgres', 'centrifugo')
if (missing !== undefined) {
  console.error(`The benchmark can't run here: ${missing}.`)
  process.exit(1)
}

const sizes = (values.quick ? '100x1' : values.rooms).split(',').map((room) => {
  const [, channels, rounds] = /^([1-9]\d*)x([1-9]\d*)$/.exec(room) ?? []
  if (Number(channels) >= 2) return { channels: Number(channels), rounds: Number(rounds) }
  console.error(`--rooms is "${values.rooms}"; it must be members, two or more, and rounds, such as 100x15,1000x5.`)
  process.exit(1)
})
const plan: Plan = { newRooms: values.quick ? 1 : 15, sizes }
const samples = await measure(plan, (what) => console.error(`… ${what}`))

console.log(`${machineFacts()}, ${new Date().toISOString().slice(0, 10)}`)
console.log(
  'Milliseconds since a message was posted, medians, lowest–highest in brackets; Postgres does not wait for a disk.\n',
)
console.log(
  '| channels | delivery | the hub: answered | delivered | all told | Centrifugo: answered | delivered | all told |',
)
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |')
for (const channels of [0, ...plan.sizes.map(({ channels }) => channels)]) {
  for (const mode of modes) {
    const of = samples.filter((sample) => sample.channels === channels && sample.mode === mode)
    const cells = engineNames.flatMap((engine) => {
      const own = of.filter((sample) => sample.engine === engine)
      return (['answered', 'delivered', 'finished'] as const).map((figure) => show(own, figure))
    })
    const name = channels === 0 ? 'a new room' : channels.toLocaleString('en')
    console.log(`| ${[name, `\`${mode}\``, ...cells].join(' | ')} |`)
  }
}

function show(of: readonly Sample[], figure: 'answered' | 'delivered' | 'finished'): string {
  const { median, min, max } = spreadOf(of.map((sample) => sample[figure]))
  const digits = median < 100 ? 1 : 0
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`
}
