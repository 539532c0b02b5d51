import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { peers } from './peers/index.ts'
import type { Peer } from './peers/peer.ts'
import { scenarios } from './scenarios/index.ts'
import type { Scenario } from './scenarios/scenario.ts'

export interface Options {
  scenarios: readonly Scenario[]
  peers: readonly Peer[]
  /** Not all scenarios, rows and peers were asked for. */
  isPart: boolean
  rounds: number
  seconds: number
  /** A file for all figures, as JSON. */
  json: string | undefined
  /** The committed results, their tables and pictures and the README's section become those of this run. */
  write: boolean
  /** Nothing is measured: the tables and pictures are made anew of the committed results. */
  render: boolean
  /** Ratios are held against the committed ones. */
  guard: boolean
  cpuProfile: string | undefined
}

export const usage = `npm run bench -- [options]

  --quick                one short round that counts, to see that it works
  --scenarios <a,b>      of ${scenarios.map(({ name }) => name).join(', ')}
  --rows <a,b>           only rows whose name holds one of these texts, such as win1
  --peers <a,b>          of ${peers.map(({ name }) => name).join(', ')}
  --rounds <n>           rounds that count, default 4 (quick: 1); what is large takes fewer
  --seconds <s>          length of each measurement, default 1 (quick: 0.5)
  --guard                compares the ratios with the committed ones; exit code 1 when one is worse
  --json <file>          writes every figure
  --write                writes benchmarks/results/ and the README's table and pictures
  --render               the same of the committed figures, without measuring
  --cpu-profile <dir>    writes a CPU profile of each Node server (the figures suffer)`

/** @throws TypeError or RangeError with a message for people */
export function parseOptions(args: string[]): Options | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', short: 'h' },
      quick: { type: 'boolean' },
      scenarios: { type: 'string' },
      rows: { type: 'string' },
      peers: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      guard: { type: 'boolean' },
      json: { type: 'string' },
      write: { type: 'boolean' },
      render: { type: 'boolean' },
      'cpu-profile': { type: 'string' },
    },
  })
  if (values.help) return 'help'
  return {
    scenarios: withRows(pick('scenarios', values.scenarios, scenarios), values.rows),
    peers: pick('peers', values.peers, peers),
    isPart: [values.scenarios, values.rows, values.peers].some((value) => value !== undefined),
    rounds: whole('rounds', values.rounds, values.quick ? 1 : 4),
    seconds: positive('seconds', values.seconds, values.quick ? 0.5 : 1),
    guard: values.guard ?? false,
    json: path(values.json),
    write: values.write ?? false,
    render: values.render ?? false,
    cpuProfile: path(values['cpu-profile']),
  }
}

function pick<T extends { name: string }>(option: string, value: string | undefined, from: readonly T[]): readonly T[] {
  if (value === undefined) return from
  const names = value.split(',')
  const wrong = names.find((name) => !from.some((item) => item.name === name))
  if (wrong !== undefined) {
    throw new RangeError(
      `--${option}: got '${wrong}', expected one or several of ${from.map(({ name }) => name).join(', ')}`,
    )
  }
  return from.filter(({ name }) => names.includes(name))
}

function withRows(chosen: readonly Scenario[], value: string | undefined): readonly Scenario[] {
  if (value === undefined) return chosen
  const texts = value.split(',')
  const found = chosen
    .map((scenario) => ({
      ...scenario,
      stages: scenario.stages
        .map((stage) => ({
          ...stage,
          rows: stage.rows.filter(({ name }) => texts.some((text) => name.includes(text))),
        }))
        .filter(({ rows }) => rows.length > 0),
    }))
    .filter(({ stages }) => stages.length > 0)
  if (found.length > 0) return found
  const names = chosen.flatMap(({ stages }) => stages.flatMap(({ rows }) => rows.map(({ name }) => name)))
  throw new RangeError(`--rows: got '${value}', expected a part of one of ${names.join(', ')}`)
}

/** npm runs scripts in the workspace's folder and leaves the caller's in INIT_CWD. */
function path(value: string | undefined): string | undefined {
  return value === undefined ? undefined : resolve(process.env['INIT_CWD'] ?? '.', value)
}

function whole(option: string, value: string | undefined, otherwise: number): number {
  const number = positive(option, value, otherwise)
  if (!Number.isInteger(number)) throw new RangeError(`--${option}: got '${value}', expected a whole number`)
  return number
}

function positive(option: string, value: string | undefined, otherwise: number): number {
  const number = value === undefined ? otherwise : Number(value)
  if (!(number > 0)) throw new RangeError(`--${option}: got '${value}', expected a number above 0`)
  return number
}
