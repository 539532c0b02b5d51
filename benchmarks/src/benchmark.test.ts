import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { servicesAreRequired } from '@backchannel/servers'
import { describe, expect, test, type TestOptions } from 'vitest'
import { Benchmark, type Plan } from './benchmark.ts'
import { buildLoadGenerator, goProgram, missingForLoad } from './load-generator.ts'
import { modes } from './modes.ts'
import { peers } from './peers/index.ts'
import type { Peer } from './peers/peer.ts'
import { socketIo } from './peers/socket-io.ts'
import { report } from './report.ts'

const plan: Plan = { peers, modes, rounds: 1, subscribers: 20, payloadBytes: 128, seconds: 0.1, warmUp: 0.1 }

/** Counts and orders are asserted here, times never: this machine may be doing anything. */
const load = need(await missingForLoad())
if (!('skip' in load)) await buildLoadGenerator()
const needs = new Map<Peer, ReturnType<typeof need>>()
for (const peer of peers) needs.set(peer, 'skip' in load ? load : need(await peer.missing()))

function need(reason: string | undefined): TestOptions {
  if (reason === undefined) return { timeout: 60_000 }
  if (servicesAreRequired()) throw new Error(`REQUIRE_SERVICES=1, but ${reason}`)
  return { skip: true, meta: { skipReason: reason } }
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}`)

for (const peer of peers) {
  test(`${peer.title}: every subscriber hears every publication, and nothing is left`, needs.get(peer), async () => {
    const benchmark = new Benchmark({ ...plan, peers: [peer] }, () => undefined)
    try {
      const { measurements, versions } = await benchmark.run()
      expect(versions[peer.name]).toMatch(/^\d+\.\d+\.\d+/)
      expect(measurements.map(({ mode }) => mode)).toEqual(modes.map(({ name }) => name))
      for (const { publications, deliveries } of measurements) {
        expect(publications).toBeGreaterThan(0)
        expect(deliveries).toBe(publications * plan.subscribers)
      }
      expect(benchmark.pids.filter(isAlive)).toHaveLength(2)
    } finally {
      await benchmark.stop()
    }
    expect(benchmark.pids.filter(isAlive)).toEqual([])
  })
}

describe('a run that goes wrong', load, () => {
  test('fails when the server publishes what nobody sent', async () => {
    const oneTooMany: Peer = {
      ...socketIo,
      async start(options) {
        const running = await socketIo.start(options)
        const { burst } = running
        return { ...running, burst: { ...burst, publications: burst.publications - 1 } }
      },
    }
    const benchmark = new Benchmark({ ...plan, peers: [oneTooMany] }, () => undefined)
    await expect(benchmark.run()).rejects.toThrow(/^Socket\.IO, burst, round 1: .*never sent/)
    await benchmark.stop()
    expect(benchmark.pids.filter(isAlive)).toEqual([])
  })

  test('says which peer does not start, and why', async () => {
    const broken: Peer = { ...socketIo, start: () => Promise.reject(new Error('no such engine')) }
    const benchmark = new Benchmark({ ...plan, peers: [socketIo, broken] }, () => undefined)
    await expect(benchmark.run()).rejects.toThrow("Socket.IO can't be measured: no such engine")
    await benchmark.stop()
    expect(benchmark.pids).toHaveLength(2)
    expect(benchmark.pids.filter(isAlive)).toEqual([])
  })

  test('leaves no process after Ctrl-C', async () => {
    const main = fileURLToPath(new URL('main.ts', import.meta.url))
    const args = [
      '--peers',
      'socket-io',
      '--modes',
      'win1',
      '--subscribers',
      '20',
      '--seconds',
      '0.2',
      '--rounds',
      '1000',
    ]
    const child = spawn('node', ['--conditions=@backchannel/source', main, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const exit = once(child, 'exit')
    let progress = ''
    for await (const chunk of child.stderr) {
      progress += String(chunk)
      if (progress.includes('round 1 ')) break
    }
    const children = childrenOf(child.pid ?? 0)
    expect(children).toHaveLength(2)
    child.kill('SIGINT')
    expect(await exit).toEqual([130, null])
    expect(children.filter(isAlive)).toEqual([])
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

test("the load generator's own tests pass", load, async () => {
  const cwd = fileURLToPath(new URL('../loadgen/', import.meta.url))
  const { stdout } = await promisify(execFile)(goProgram, ['test', '.'], {
    cwd,
    env: { ...process.env, GOWORK: 'off' },
  })
  expect(stdout).toMatch(/^ok/)
})

test('takes the ratio within a round, and names a load generator that is the bottleneck', () => {
  const figures = { publications: 10, deliveries: 1_000_000, seconds: 10, p50: 1500, p99: 2500 }
  const measurement = (peer: string, round: number, serverCpu: number, loadgenCpu: number) => ({
    peer,
    mode: 'seq',
    round,
    serverCpu,
    loadgenCpu,
    ...figures,
  })
  const [hub, , other] = peers as [Peer, Peer, Peer]
  const text = report(
    { ...plan, peers: [hub, other], modes: modes.filter(({ name }) => name === 'seq'), rounds: 3 },
    {
      versions: { hub: '0.1.0', 'socket-io': '4.8.4' },
      measurements: [
        measurement('hub', 1, 4, 9.9),
        measurement('socket-io', 1, 8, 1),
        measurement('hub', 2, 5, 9.9),
        measurement('socket-io', 2, 20, 1),
        measurement('hub', 3, 6, 9.9),
        measurement('socket-io', 3, 8, 1),
      ],
    },
    ['a fact'],
  )
  expect(text).toContain('| 5.0 (4.0–6.0) | 8.0 (8.0–20.0) | **0.50 (0.25–0.75)** |')
  expect(text).toContain('| seq | Backchannel hub | 100,000 | 1.50 | 2.50 | 50 % | 99 % |')
  expect(text).toContain('seq, Backchannel hub: the load generator was the bottleneck')
  expect(text).not.toContain('Socket.IO: the load generator was the bottleneck')
  expect(text).toContain('- Backchannel hub 0.1.0: ')
})
