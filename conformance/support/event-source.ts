/** The part of a browser's `EventSource` that the official client uses, over `fetch`. */
export class EventSource {
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onerror: ((error: unknown) => void) | null = null
  readonly #abort = new AbortController()

  constructor(url: string) {
    this.#read(url).then(
      () => this.#fail(new Error('the stream has ended')),
      (error: unknown) => this.#fail(error),
    )
  }

  close(): void {
    this.#abort.abort()
  }

  #fail(error: unknown): void {
    if (!this.#abort.signal.aborted) this.onerror?.(error)
  }

  async #read(url: string): Promise<void> {
    const response = await fetch(url, { headers: { accept: 'text/event-stream' }, signal: this.#abort.signal })
    if (!response.ok || !response.body) throw new Error(`http ${response.status}`)
    this.onopen?.()
    let rest = ''
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      const events = (rest + text).split('\n\n')
      rest = events.pop() ?? ''
      for (const event of events) {
        const data = event
          .trimStart()
          .split('\n')
          .filter((line) => line.startsWith('data: '))
        if (data.length > 0) this.onmessage?.({ data: data.map((line) => line.slice('data: '.length)).join('\n') })
      }
    }
  }
}
