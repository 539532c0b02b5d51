import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Mode, modes } from './modes.ts'
import { peers } from './peers/index.ts'
import type { Peer } from './peers/peer.ts'

export interface Options {
  peers: readonly Peer[]
  modes: readonly Mode[]
  rounds: number
  subscribers: number
  seconds: number
  /** A file for every single measurement, as JSON. */
  json?: string | undefined
  /** The name of the table to be written to `results/`. */
  write?: string | undefined
  cpuProfile?: string | undefined
}

export const usage = `npm run bench -- [options]

  --quick               one short round, to see that it works
  --rounds <n>          rounds, default 5 (quick: 1)
  --seconds <s>         length of each measurement, default 3 (quick: 1)
  --subscribers <n>     subscribers of the channel, default 1000
  --peers <a,b>         of ${peers.map(({ name }) => name).join(', ')}
  --modes <a,b>         of ${modes.map(({ name }) => name).join(', ')}
  --json <file>         writes every measurement
  --write <name>        writes the table to benchmarks/results/<name>.md
  --cpu-profile <dir>   writes a CPU profile of each Node server (the figures suffer)`

/** @throws TypeError or RangeError with a message for people */
export function parseOptions(args: string[]): Options | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', short: 'h' },
      quick: { type: 'boolean' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      subscribers: { type: 'string' },
      peers: { type: 'string' },
      modes: { type: 'string' },
      json: { type: 'string' },
      write: { type: 'string' },
      'cpu-profile': { type: 'string' },
    },
  })
  if (values.help) return 'help'
  return {
    peers: pick('peers', values.peers, peers),
    modes: pick('modes', values.modes, modes),
    rounds: whole('rounds', values.rounds, values.quick ? 1 : 5),
    seconds: positive('seconds', values.seconds, values.quick ? 1 : 3),
    subscribers: whole('subscribers', values.subscribers, 1000),
    json: path(values.json),
    write: fileName('write', values.write),
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

/** npm runs scripts in the workspace's folder and leaves the caller's in INIT_CWD. */
function path(value: string | undefined): string | undefined {
  return value === undefined ? undefined : resolve(process.env['INIT_CWD'] ?? '.', value)
}

function fileName(option: string, value: string | undefined): string | undefined {
  if (value === undefined || /^[\w-][\w.-]*$/.test(value)) return value
  throw new RangeError(`--${option}: got '${value}', expected a plain name`)
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
