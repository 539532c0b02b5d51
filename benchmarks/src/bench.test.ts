import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { servicesAreRequired } from '@backchannel/servers'
import { describe, expect, test, type TestOptions } from 'vitest'
import { Bench } from './bench.ts'
import { buildGoProgram, goProgram, missingForGo } from './go-program.ts'
import { burst, win1 } from './modes.ts'
import { floor } from './peers/floor.ts'
import { peers } from './peers/index.ts'
import type { Peer } from './peers/peer.ts'
import { socketIo } from './peers/socket-io.ts'
import { audienceStage, deliveryMetrics } from './scenarios/delivery.ts'
import { scenarios } from './scenarios/index.ts'
import type { Scenario, Settings } from './scenarios/scenario.ts'

/** 20 clients where a run has a thousand. Counts and orders are asserted here, times never. */
const settings: Settings = { rounds: 1, seconds: 0.1, warmUp: 0.05, rehearses: false, scale: 0.02 }

const go = need(await missingForGo())
if (!('skip' in go)) for (const program of ['loadgen', 'floor'] as const) await buildGoProgram(program)
const startable: Peer[] = []
const missing: string[] = []
for (const peer of peers) {
  const reason = await peer.missing()
  if (reason === undefined) startable.push(peer)
  else missing.push(`${peer.title}: ${reason}`)
}

function need(reason: string | undefined): TestOptions {
  if (reason === undefined) return { timeout: 120_000 }
  if (servicesAreRequired()) throw new Error(`REQUIRE_SERVICES=1, but ${reason}`)
  return { skip: true, meta: { skipReason: reason } }
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}`)

test('every peer can be started', need(missing.length > 0 ? missing.join('; ') : undefined), () => {
  expect(startable).toEqual(peers)
})

/** Of stages that differ in their sizes alone, the ends: what takes the time here is the start of servers. */
const shortened = scenarios.map((scenario) =>
  scenario.xTitle === undefined
    ? scenario
    : { ...scenario, stages: scenario.stages.filter((_, index, all) => index === 0 || index === all.length - 1) },
)

describe.each(shortened)('$name', (scenario) => {
  test('every row has every figure of its peers, and nothing is left running', go, async () => {
    const bench = new Bench(settings, undefined, () => undefined)
    try {
      const { samples, versions, scenarios: facts } = await bench.run([scenario], startable)
      const measured = new Set(samples.map(({ row, peer }) => `${row}: ${peer}`))
      const asked = scenario.stages.flatMap(({ rows, peers: own }) =>
        rows.flatMap(({ name }) =>
          own.filter((peer) => startable.includes(peer)).map((peer) => `${name}: ${peer.name}`),
        ),
      )
      expect([...measured].sort()).toEqual([...new Set(asked)].sort())
      const names = new Set(scenario.metrics.map(({ name }) => name))
      expect(new Set(samples.map(({ metric }) => metric))).toEqual(names)
      for (const sample of samples) expect(sample.value, JSON.stringify(sample)).toBeTypeOf('number')
      expect(samples.filter(({ value }) => !Number.isFinite(value))).toEqual([])
      for (const version of versions.values()) expect(version).toMatch(/\d+\.\d+/)
      expect(facts).toHaveLength(1)
    } finally {
      await bench.stop()
    }
    expect(bench.pids.length).toBeGreaterThan(0)
    expect(bench.pids.filter(isAlive)).toEqual([])
  })
})

const small = { subscribers: 1000, payloadBytes: 128 }
const named = { name: 'row', title: 'a row' }
const about = { name: 'one', title: 'One', about: '', metrics: deliveryMetrics }

test('a rehearsal is measured and does not count', async () => {
  const asked: string[] = []
  const open = (_: Bench, { name }: Peer) =>
    Promise.resolve({
      version: '1.0',
      measure: () => {
        asked.push(name)
        return Promise.resolve({ figures: { cpu: asked.length } })
      },
      close: () => Promise.resolve(),
    })
  const scenario: Scenario = { ...about, stages: [{ peers: [socketIo, floor], rows: [named], open }] }
  const bench = new Bench({ ...settings, rehearses: true, rounds: 2 }, undefined, () => undefined)
  const { samples } = await bench.run([scenario], peers)
  const [one, other] = [socketIo.name, floor.name]
  expect(asked).toEqual([one, other, other, one, one, other])
  expect(samples.map(({ round, value }) => [round, value])).toEqual([
    [1, 3],
    [1, 4],
    [2, 5],
    [2, 6],
  ])
})

describe('a run that goes wrong', go, () => {
  test('fails when the server publishes what nobody sent', async () => {
    const tooMany = {
      ...burst,
      request: (...parameters: Parameters<typeof burst.request>) => {
        const request = burst.request(...parameters)
        return { ...request, call: { ...request.call, publications: request.call.publications - 1 } }
      },
    }
    const scenario: Scenario = { ...about, stages: [audienceStage([socketIo], [tooMany], small, named)] }
    const bench = new Bench(settings, undefined, () => undefined)
    await expect(bench.run([scenario], peers)).rejects.toThrow(/^Socket\.IO, row-burst: .*never sent/)
    await bench.stop()
    expect(bench.pids.filter(isAlive)).toEqual([])
  })

  test('says which peer does not start, and why', async () => {
    const broken: Peer = { ...socketIo, start: () => Promise.reject(new Error('no such engine')) }
    const scenario: Scenario = { ...about, stages: [audienceStage([socketIo, broken], [win1], small, named)] }
    const bench = new Bench(settings, undefined, () => undefined)
    await expect(bench.run([scenario], [socketIo, broken])).rejects.toThrow(
      "Socket.IO can't be measured (row-win1): no such engine",
    )
    await bench.stop()
    expect(bench.pids).toHaveLength(2)
    expect(bench.pids.filter(isAlive)).toEqual([])
  })

  test('leaves no process after Ctrl-C', async () => {
    const main = fileURLToPath(new URL('main.ts', import.meta.url))
    const args = '--scenarios growth-subscribers --rows 10- --peers socket-io --seconds 600 --rounds 1'.split(' ')
    const child = spawn('node', ['--conditions=@backchannel/source', main, ...args], {
      stdio: ['ignore', 'ignore', 'ignore'],
    })
    const exit = once(child, 'exit')
    const children = () => childrenOf(child.pid ?? 0)
    // The server and the load generator.
    await expect.poll(children, { timeout: 20_000 }).toHaveLength(2)
    const started = children()
    child.kill('SIGINT')
    expect(await exit).toEqual([130, null])
    expect(started.filter(isAlive)).toEqual([])
  })
})

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && parentOf(pid) === parent)
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return undefined
  }
}

test.each(['loadgen', 'floor'])('the own tests of %s pass', go, async (program) => {
  const cwd = fileURLToPath(new URL(`../${program}/`, import.meta.url))
  const { stdout } = await promisify(execFile)(goProgram, ['test', '.'], {
    cwd,
    env: { ...process.env, GOWORK: 'off' },
  })
  expect(stdout).toMatch(/^ok/)
})
