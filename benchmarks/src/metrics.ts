import type { Metric } from './results.ts'

/** Of the whole server process, user and system. Hardly depends on what else the machine does. */
export const cpuPer = (what: string): Metric => ({
  name: 'cpu',
  title: `Server CPU per ${what}`,
  unit: 'µs',
  better: 'less',
  guarded: true,
})

export const rateOf = (what: string): Metric => ({
  name: 'rate',
  title: `${what[0]?.toUpperCase()}${what.slice(1)} per second`,
  unit: `${what}/s`,
  better: 'more',
  guarded: false,
})

export const latency = (name: `${'p' | 'pageP'}${'50' | '99' | '999'}`, title: string): Metric => ({
  name,
  title,
  unit: 'ms',
  better: 'less',
  guarded: false,
})
