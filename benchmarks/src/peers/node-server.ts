import { fileURLToPath } from 'node:url'
import { LineProcess } from '../line-process.ts'
import { burstCall, publishCall } from './calls.ts'
import type { RunningPeer, StartOptions } from './peer.ts'

/** What the programs in `servers/` say once they listen. */
interface Greeting {
  port: number
  version: string
}

/**
 * Starts one of the programs in `servers/` in a process of its own, as in production. They publish over the same HTTP
 * API as Centrifugo, and in bursts within one tick.
 */
export async function startNodeServer(
  name: string,
  { payload, burst, cpuProfile }: StartOptions,
  rest: Pick<RunningPeer, 'path' | 'wire' | 'tokenKey'>,
): Promise<RunningPeer> {
  const flags = ['--conditions=@backchannel/source']
  if (cpuProfile !== undefined) {
    flags.push('--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${cpuProfile}`)
    flags.push(`--cpu-prof-name=${name}.cpuprofile`)
  }
  const file = fileURLToPath(new URL(`../servers/${name}.ts`, import.meta.url))
  const env = { PATH: process.env['PATH'], NODE_ENV: 'production' }
  const child = await LineProcess.start(`the server of ${name}`, process.execPath, [...flags, file], env)
  try {
    const { port, version } = (await child.receive()) as Greeting
    return {
      version,
      pids: [child.pid],
      address: `127.0.0.1:${port}`,
      ...rest,
      publish: publishCall(payload),
      burst: burstCall(payload, burst),
      stop: () => child.stop(),
    }
  } catch (error) {
    await child.stop()
    throw error
  }
}
