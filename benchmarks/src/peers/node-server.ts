import { fileURLToPath } from 'node:url'
import { LineProcess } from '../line-process.ts'
import type { RunningPeer, StartOptions } from './peer.ts'

/** What a server of ours says once it listens. */
interface Greeting {
  port: number
  version: string
  /** Of further processes of its own. */
  pids?: number[]
}

/**
 * V8's young generation grows up to three times so many megabytes when much comes at once, and is not given back: by
 * default 64 each on a machine with much memory. What docs/deploy.md advises for many connections.
 */
const smallYoungGeneration = '--max-semi-space-size=16'

type Speech = Pick<RunningPeer, 'wire' | 'paths' | 'tokenKey'>

/**
 * Starts one of the programs in `servers/` in a process of its own, as in production. They publish over the same HTTP
 * API as Centrifugo, and in bursts within one tick.
 */
export function startNodeServer(
  name: string,
  { cpuProfile, savesMemory = false, ...engine }: StartOptions,
  speech: Speech,
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningPeer> {
  const flags = ['--conditions=@backchannel/source', ...(savesMemory ? [smallYoungGeneration] : [])]
  if (cpuProfile !== undefined) {
    flags.push('--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${cpuProfile}`)
    flags.push(`--cpu-prof-name=${name}.cpuprofile`)
  }
  const file = fileURLToPath(new URL(`../servers/${name}.ts`, import.meta.url))
  const args = [...flags, file, JSON.stringify(engine)]
  return startLineServer(`the server of ${name}`, process.execPath, args, speech, environment)
}

/** Starts a program that says where it listens, and ends with its standard input. */
export async function startLineServer(
  name: string,
  file: string,
  args: string[],
  speech: Speech,
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningPeer> {
  const env = {
    PATH: process.env['PATH'],
    // Where compiled code is kept, a server only starts sooner.
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
    NODE_ENV: 'production',
    ...environment,
  }
  const child = await LineProcess.start(name, file, args, env)
  try {
    const { port, version, pids = [] } = (await child.receive()) as Greeting
    return {
      version,
      pids: [child.pid, ...pids],
      address: `127.0.0.1:${port}`,
      ...speech,
      bursts: 'inProcess',
      stop: () => child.stop(),
    }
  } catch (error) {
    await child.stop()
    throw error
  }
}
