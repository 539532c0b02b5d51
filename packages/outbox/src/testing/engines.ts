/** Engines to publish to: one that records and answers as it is told, with the idempotency of a real one. */
import type { ConsumerMethod, PublishFunction } from '../index.ts'

export interface Call {
  readonly method: ConsumerMethod
  readonly request: Readonly<Record<string, unknown>>
}

/** What RealtimeError is for an answer of the engine. */
export const answer = (code: number, message = `error ${code}`): Error => Object.assign(new Error(message), { code })

export class RecordingEngine {
  /** Everything that came, in order, repetitions too. */
  readonly calls: Call[] = []
  /** What subscribers would have heard: a key counts once. */
  readonly heard: Call[] = []
  /** Called first; what it throws or gives is the answer. */
  onCall: (call: Call) => unknown = () => {}
  readonly #keys = new Set<unknown>()

  readonly publish: PublishFunction = async (method, request) => {
    const call = { method, request }
    this.calls.push(call)
    const result = await this.onCall(call)
    const key = request['idempotency_key']
    if (key === undefined || !this.#keys.has(key)) this.heard.push(call)
    this.#keys.add(key)
    return result ?? {}
  }

  data(calls: readonly Call[] = this.heard): unknown[] {
    return calls.map(({ request }) => request['data'])
  }
}
