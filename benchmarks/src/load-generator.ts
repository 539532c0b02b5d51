import { LineProcess } from './line-process.ts'
import type { Call, Wire } from './peers/peer.ts'

/** Subscribers to be connected. */
export interface ConnectRequest {
  readonly address: string
  readonly path: string
  readonly wire: Wire
  readonly tokenKey: string
  readonly channel: string
  readonly subscribers: number
  /** Each subscriber has a channel of its own: the name with six digits behind it. */
  readonly spread?: boolean
  /** How many handshakes are under way at once. @default 64 */
  readonly handshakes?: number
  /** Each subscriber comes back to a place in the stream and is given exactly so many publications. */
  readonly recover?: { readonly epoch: string; readonly offset: number; readonly publications: number }
  /** Whose CPU time counts. */
  readonly pids?: readonly number[]
}

/** What connecting took; times in seconds. */
export interface ConnectResult {
  readonly subscribers: number
  readonly seconds: number
  readonly serverCpu: number
  readonly loadgenCpu: number
}

export interface RunRequest {
  readonly call: Call
  /** Requests outstanding at once: sent, and not yet both answered and heard by everybody whom they are for. */
  readonly window: number
  /** Requests per second at fixed times, whatever comes back (an open loop); 0 keeps the window full instead. */
  readonly rate: number
  /** How long requests are sent before and while it is measured, in seconds. */
  readonly warmUp: number
  readonly seconds: number
  readonly pids: readonly number[]
  /** Where to publish and to ask for pages; without it, where the subscribers are connected. */
  readonly address?: string
  /** With channels of their own: every publication is for every subscriber, as a broadcast is. */
  readonly everyone?: boolean
  /** Pages that are asked for meanwhile, at so many a second. */
  readonly pages?: { readonly path: string; readonly rate: number }
}

/** One measurement; times in seconds, latencies in microseconds from when something was due. */
export interface RunResult {
  readonly publications: number
  readonly deliveries: number
  readonly seconds: number
  readonly serverCpu: number
  readonly loadgenCpu: number
  /** Of a delivery; in an open loop only. */
  readonly p50?: number
  readonly p99?: number
  /** Of a request and its answer; without subscribers only. */
  readonly requestP50?: number
  readonly requestP99?: number
  readonly pages?: { readonly requests: number; readonly p50: number; readonly p99: number }
}

/** The subscribers and publishers of one server: a process of its own, on a core of its own. */
export class LoadGenerator {
  readonly pid: number
  readonly #child: LineProcess

  private constructor(child: LineProcess) {
    this.#child = child
    this.pid = child.pid
  }

  static async start([file, ...args]: readonly [string, ...string[]]): Promise<LoadGenerator> {
    return new LoadGenerator(await LineProcess.start('the load generator', file, args, process.env))
  }

  /** Connects and waits until every subscriber is subscribed. @throws when one of them is refused */
  async connect(request: ConnectRequest): Promise<ConnectResult> {
    return (await this.#ask({ connect: request })) as ConnectResult
  }

  /** Ends all connections; others may be made afterwards. */
  async disconnect(): Promise<void> {
    await this.#ask({ disconnect: {} })
  }

  /** @throws when a publication was lost, repeated, or heard in different orders */
  async run(request: RunRequest): Promise<RunResult> {
    return (await this.#ask({ run: request })) as RunResult
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }

  async #ask(request: object): Promise<object> {
    this.#child.send(request)
    const answer = (await this.#child.receive()) as object
    if ('error' in answer) throw new Error(String(answer.error))
    return answer
  }
}
