import type { EventsConnection, EventsState } from '@backchannel/realtime/client'
import { useEffect, useRef, useState } from 'react'
import { streamPaths, type StreamDriver, type StreamEvents } from './streams.ts'

/** `off`: nobody has pressed Connect. */
export type StreamState = 'off' | Exclude<EventsState, 'closed'>

/** What has come, or happened, as the pane lists it. */
export interface StreamLine {
  readonly key: number
  readonly at: Date
  readonly kind: 'note' | 'toolkit' | 'beat'
  readonly who?: string
  readonly text: string
}

/** How many lines a pane keeps. */
const keep = 100

/**
 * One connection of a driver, opened on demand. The helper is loaded by then: it needs a browser, and a visitor who
 * never connects never downloads it.
 */
export function useStream(driver: StreamDriver) {
  const [state, setState] = useState<StreamState>('off')
  const [lines, setLines] = useState<readonly StreamLine[]>([])
  const connection = useRef<EventsConnection<StreamEvents>>(undefined)
  // A connect that was overtaken by a disconnect must open nothing.
  const attempt = useRef(0)
  const keys = useRef(0)

  const add = (line: Omit<StreamLine, 'key' | 'at'>) => {
    keys.current += 1
    const whole = { ...line, key: keys.current, at: new Date() }
    setLines((before) => [...before, whole].slice(-keep))
  }

  const disconnect = () => {
    attempt.current += 1
    connection.current?.close()
    connection.current = undefined
    setState('off')
  }

  const connect = async () => {
    attempt.current += 1
    const mine = attempt.current
    setState('connecting')
    const { connectEvents } = await import('@backchannel/realtime/client')
    if (mine !== attempt.current) return
    let wasOpen = false
    const opened = connectEvents<StreamEvents>(streamPaths[driver], {
      driver,
      ...(driver === 'websocket' ? { channels: ['lobby'] } : {}),
      onState: (next) => {
        if (next === 'closed') return
        setState(next)
        if (next === 'open') add({ kind: 'toolkit', text: wasOpen ? 'Connected again' : 'Connected' })
        else if (wasOpen) add({ kind: 'toolkit', text: 'The line was cut. Coming back by itself' })
        wasOpen ||= next === 'open'
      },
    })
    connection.current = opened
    opened.on('note', ({ author, text }, { channel }) =>
      add({ kind: 'note', who: channel === undefined ? author : `${author} in ${channel}`, text }),
    )
    opened.on('welcome', ({ channel }) => add({ kind: 'toolkit', text: `Joined the ${channel}` }))
    opened.on('beat', ({ roundTripMs }) => add({ kind: 'beat', text: `Heartbeat answered in ${roundTripMs} ms` }))
  }

  useEffect(
    () => () => {
      attempt.current += 1
      connection.current?.close()
    },
    [],
  )

  return { state, lines, connect, disconnect }
}
