import { useEffect, useState } from 'react'
import { streamPaths } from './streams.ts'

/** How much of the stream is kept, in characters. */
const keep = 4000

/** The event stream as it travels, comments and all, which `EventSource` does not show. @param watching whether to read */
export function useWire(watching: boolean): string {
  const [text, setText] = useState('')
  useEffect(() => {
    if (!watching) return undefined
    const stop = new AbortController()
    const read = async () => {
      const response = await fetch(streamPaths.sse, { signal: stop.signal })
      if (response.body === null) return
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        const { value } = chunk
        setText((before) => (before + value).slice(-keep))
      }
      setText((before) => `${before}(the stream has ended)\n`)
    }
    read().catch((error: unknown) => {
      if (!stop.signal.aborted) setText((before) => `${before}(${String(error)})\n`)
    })
    return () => stop.abort()
  }, [watching])
  return text
}
