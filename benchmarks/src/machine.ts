import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The core of the servers and the core of the load generator; undefined when they can't be kept apart. */
export interface Cores {
  server: number
  load: number
}

/** @returns the cores, or the reason why nothing is pinned */
export async function chooseCores(): Promise<Cores | string> {
  try {
    await run('taskset', ['--version'])
  } catch {
    return 'taskset is not installed'
  }
  const [load, server] = allowedCores()
  return load === undefined || server === undefined ? 'there is only one core' : { server, load }
}

/** Every thread of a process, and every process that it starts from now on, runs on these cores. */
export async function pinProcess(pid: number, ...cores: number[]): Promise<void> {
  await run('taskset', ['--all-tasks', '--cpu-list', '--pid', cores.join(), String(pid)])
}

/** A command that runs on this core. */
export function pinned(core: number, file: string): [string, ...string[]] {
  return ['taskset', '--cpu-list', String(core), file]
}

function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  return list.split(',').flatMap((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

/** Memory of the processes that is in RAM, in bytes. */
export function residentBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return sum + Number(kilobytes) * 1024
  }, 0)
}

/** What the figures depend on, in a line. */
export function machineFacts(): string {
  const [cpu] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  const load = loadavg()[0]?.toFixed(1)
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${memory} GiB, Linux ${release()}, Node ${process.versions.node}, load average ${load} at the start`
}
