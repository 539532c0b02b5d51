import { defined } from '../defined.ts'
import type { RealtimeClientError } from './types.ts'

/**
 * Runs the app's callbacks. Centrifuge ends the connection when a handler throws, so nothing that an app throws may
 * reach it: it is reported, and the next message arrives.
 */
export class Callbacks {
  readonly #onError: ((error: RealtimeClientError) => unknown) | undefined

  constructor(onError: ((error: RealtimeClientError) => unknown) | undefined) {
    this.#onError = onError
  }

  run<Args extends unknown[]>(
    callback: ((...args: Args) => unknown) | undefined,
    channel: string | undefined,
    ...args: Args
  ): void {
    if (callback === undefined) return
    try {
      const result = callback(...args)
      if (result instanceof Promise) result.catch((error: unknown) => this.#failed(error, channel))
    } catch (error) {
      this.#failed(error, channel)
    }
  }

  report(error: RealtimeClientError): void {
    try {
      this.#onError?.(error)
    } catch (thrown) {
      logToConsole('onError threw', thrown)
    }
  }

  #failed(error: unknown, channel: string | undefined): void {
    if (this.#onError === undefined) {
      logToConsole('a callback threw', error)
      return
    }
    const message = error instanceof Error ? error.message : String(error)
    this.report({ stage: 'callback', message, error, ...defined({ channel }) })
  }
}

function logToConsole(what: string, error: unknown): void {
  // oxlint-disable-next-line no-console -- an app's own defect, with nobody to report it to
  console.error(`[realtime] ${what}`, error)
}
