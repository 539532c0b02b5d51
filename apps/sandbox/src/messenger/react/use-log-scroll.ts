/**
 * Where the reader is in a room's messages. What is shown stays where it is while messages are added above or below,
 * unless the reader is at the end: then the end is followed.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react'
import type { Messenger } from '../client/types.ts'
import type { Message } from '../model.ts'
import { firstBelow, lastAbove, seqOf } from './log-geometry.ts'

/** From the end, in pixels; who is nearer wants to see what comes. */
const nearEnd = 40

interface Anchor {
  readonly seq: number
  /** Its distance from the top of the box. */
  readonly top: number
}

/** Where to go once it is in the window. */
type Goal = { readonly seq: number; readonly at: 'center' | 'top'; readonly highlight: boolean } | 'end'

/** Where each room was left, for as long as the messenger lives. */
const places = new WeakMap<Messenger, Map<number, Anchor | 'end'>>()

export interface LogScroll {
  readonly box: RefObject<HTMLDivElement | null>
  readonly list: RefObject<HTMLOListElement | null>
  readonly atEnd: boolean
  readonly onScroll: () => void
  /** Goes there; false: it is not in the window yet. Then it is gone to as soon as it is. */
  readonly show: (goal: Goal) => boolean
  /** Stays here after all; false: there was nowhere to go. */
  readonly forget: () => boolean
  readonly highlighted: number | undefined
}

export function useLogScroll({
  messenger,
  roomId,
  messages,
  outgoing,
  hasNewer,
  unreadFrom,
  target,
  notice,
  onSeen,
}: {
  messenger: Messenger
  roomId: number
  messages: readonly Message[]
  /** How many of mine stand below them. */
  outgoing: number
  hasNewer: boolean
  /** The first message below the unread line. */
  unreadFrom: number | undefined
  /** The message that it is opened at; where it was left does not matter then. */
  target: number | undefined
  /** What stands above or below the messages takes room too. */
  notice: string | undefined
  /** The last message that is in sight. */
  onSeen: (seq: number) => void
}): LogScroll {
  const box = useRef<HTMLDivElement>(null)
  const list = useRef<HTMLOListElement>(null)
  const place = useRef<Anchor | 'end'>(undefined)
  const wanted = useRef<Goal | undefined>(
    target === undefined ? undefined : { seq: target, at: 'center', highlight: true },
  )
  const [atEnd, setAtEnd] = useState(!hasNewer)
  const [highlighted, setHighlighted] = useState<number>()

  const note = useCallback(() => {
    if (box.current === null || list.current === null) return
    const { scrollHeight, scrollTop, clientHeight } = box.current
    const frame = box.current.getBoundingClientRect()
    // Who was at the end stays there while what is missing below is loaded.
    const isAtEnd = scrollHeight - scrollTop - clientHeight < nearEnd && (!hasNewer || place.current === 'end')
    const first = firstBelow(list.current, frame.top)
    const seq = seqOf(first)
    place.current =
      isAtEnd || first === undefined || seq === undefined
        ? 'end'
        : { seq, top: first.getBoundingClientRect().top - frame.top }
    setAtEnd(isAtEnd)
    // On the way elsewhere nothing is read.
    if (wanted.current !== undefined) return
    const seen = isAtEnd ? messages.at(-1)?.seq : seqOf(lastAbove(list.current, frame.bottom))
    if (seen !== undefined) onSeen(seen)
  }, [hasNewer, messages, onSeen])

  const showWanted = useCallback((): boolean => {
    const goal = wanted.current
    if (goal === undefined || box.current === null) return false
    if (goal === 'end') {
      box.current.scrollTop = box.current.scrollHeight
      if (hasNewer) return false
      place.current = 'end'
      wanted.current = undefined
      return true
    }
    const row = rowOf(list.current, goal.seq)
    if (row === undefined) return false
    wanted.current = undefined
    const from = row.getBoundingClientRect()
    const frame = box.current.getBoundingClientRect()
    const room = goal.at === 'top' ? frame.height / 6 : Math.max(0, (frame.height - from.height) / 2)
    box.current.scrollTop += from.top - frame.top - room
    if (goal.highlight) setHighlighted(goal.seq)
    return true
  }, [hasNewer])

  // Before the browser paints: nobody sees the messages move.
  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return
    const before = place.current ?? places.get(messenger)?.get(roomId)
    if (!showWanted()) {
      const isOpening = place.current === undefined && wanted.current === undefined
      if (isOpening && unreadFrom !== undefined && rowOf(list.current, unreadFrom) !== undefined) {
        wanted.current = { seq: unreadFrom, at: 'top', highlight: false }
        showWanted()
      } else {
        const row = typeof before === 'object' ? rowOf(list.current, before.seq) : undefined
        if (row === undefined || typeof before !== 'object') element.scrollTop = element.scrollHeight
        else element.scrollTop += row.getBoundingClientRect().top - element.getBoundingClientRect().top - before.top
      }
    }
    note()
  }, [messenger, roomId, messages, outgoing, notice, note, showWanted, unreadFrom])

  // The composer grows, the window is resized, a font arrives: the end stays the end.
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      if (box.current !== null && place.current === 'end') box.current.scrollTop = box.current.scrollHeight
      note()
    })
    for (const element of [box.current, list.current]) if (element !== null) observer.observe(element)
    return () => observer.disconnect()
  }, [note])

  useEffect(() => {
    messenger.setFollowing(roomId, atEnd)
  }, [messenger, roomId, atEnd])
  useEffect(
    () => () => {
      const known = places.get(messenger) ?? new Map<number, Anchor | 'end'>()
      places.set(messenger, known.set(roomId, place.current ?? 'end'))
      messenger.setFollowing(roomId, false)
    },
    [messenger, roomId],
  )
  // Whoever comes back to the tab sees what is in it.
  useEffect(() => {
    addEventListener('focus', note)
    document.addEventListener('visibilitychange', note)
    return () => {
      removeEventListener('focus', note)
      document.removeEventListener('visibilitychange', note)
    }
  }, [note])
  useEffect(() => {
    if (highlighted === undefined) return
    const timer = setTimeout(() => setHighlighted(undefined), 2_500)
    return () => clearTimeout(timer)
  }, [highlighted])

  return {
    box,
    list,
    atEnd,
    highlighted,
    onScroll: note,
    show: (goal) => {
      wanted.current = goal
      const isShown = showWanted()
      if (isShown) note()
      return isShown
    },
    forget: () => {
      const wasWanted = wanted.current !== undefined
      wanted.current = undefined
      if (wasWanted) note()
      return wasWanted
    },
  }
}

function rowOf(list: HTMLElement | null, seq: number): HTMLElement | undefined {
  return list?.querySelector<HTMLElement>(`:scope > [data-seq="${seq}"]`) ?? undefined
}
