/**
 * A room's messages as far as they are shown: consecutive by `seq`, bounded, and never older than what was heard.
 *
 * Beside the window stand messages that were heard and have no place in it yet: those ahead of a gap, and, while a page is
 * on its way, all others too, since the page may have been read before them.
 */
import type { Message, MessagePage } from '../model.ts'

export interface MessageWindow {
  readonly messages: readonly Message[] | undefined
  /** The room's version when the window began: what is not newer and not in it is to be loaded, since it may have changed. */
  readonly asOf: number
  /** By `seq`, ascending. */
  readonly heard: readonly Message[]
  /** Pages on their way, by when they were asked for. */
  readonly asked: readonly number[]
}

export const emptyWindow: MessageWindow = { messages: undefined, asOf: 0, heard: [], asked: [] }

/** A window grows to this and is then cut; a thousand rows of Markdown cost 40 ms of layout on a slow phone. */
const maxShown = 400
const keptAfterCut = 300
/** Heard ahead of a gap: more of them are loaded rather than kept. */
const maxAhead = 200

/** The last place that the window shows; 0 before the first message. */
export function endOf(messages: readonly Message[]): number {
  return messages.at(-1)?.seq ?? 0
}

/** A message as an event brought it: new, changed, or an old copy. */
export function hear(window: MessageWindow, message: Message): MessageWindow {
  const { messages, asked } = window
  if (messages !== undefined) {
    const shown = placeOf(messages, message.seq)
    if (shown !== undefined) {
      const merged = replaceOlder(messages, message)
      // What is shown and being asked for at once is also kept aside: a page may replace the window.
      return asked.length === 0 ? withMessages(window, merged) : keep(withMessages(window, merged), message)
    }
    if (message.seq === endOf(messages) + 1) return absorb(keep(window, message))
    if (message.seq > endOf(messages)) return keep(window, message)
  }
  return asked.length > 0 ? keep(window, message) : window
}

/** A page was asked for: from now on whatever is heard counts against it. */
export function ask(window: MessageWindow, askedAt: number): MessageWindow {
  return { ...window, asked: [...window.asked, askedAt] }
}

/** The page that was asked for will not come. */
export function giveUp(window: MessageWindow, askedAt: number): MessageWindow {
  return settle({ ...window, asked: window.asked.filter((at) => at !== askedAt) })
}

/** Something was not heard: pages on their way may lack it, and what is kept aside may have changed. The next page tells. */
export function giveUpAll(window: MessageWindow): MessageWindow {
  return { ...window, asked: [], heard: [], asOf: Infinity }
}

/**
 * The page that was asked for; one that was given up is dropped. It joins the window where they touch. Where they don't,
 * it takes the window's place, if it was meant to, and else is dropped: between them there would be a gap.
 */
export function receive(
  window: MessageWindow,
  page: MessagePage,
  { askedAt, replace }: { askedAt: number; replace: boolean },
): MessageWindow {
  if (!window.asked.includes(askedAt)) return window
  const rest = { ...window, asked: window.asked.filter((at) => at !== askedAt) }
  const { messages } = window
  const touches = messages !== undefined && touch(messages, page.messages)
  if (messages !== undefined && !touches && !replace) return settle(rest)
  const joined = touches ? union(messages, page.messages) : page.messages
  const asOf = touches && window.asOf !== Infinity ? window.asOf : page.version
  return absorb({ ...rest, asOf, messages: window.heard.reduce(replaceOlder, joined) })
}

/**
 * Cuts what is too much, and keeps what is around a place.
 * @param place a `seq`; 0 for the beginning, Infinity for the end
 */
export function cut(window: MessageWindow, place: number): MessageWindow {
  const { messages } = window
  if (messages === undefined || messages.length <= maxShown) return window
  const first = messages[0]?.seq ?? 0
  const start = Math.max(0, Math.min(place - first - keptAfterCut / 2, messages.length - keptAfterCut))
  const gone = messages.slice(start + keptAfterCut)
  return {
    ...window,
    messages: messages.slice(start, start + keptAfterCut),
    // A late first copy of one that went would touch the new end.
    asOf: gone.reduce((version, message) => Math.max(version, message.version), window.asOf),
  }
}

function withMessages(window: MessageWindow, messages: readonly Message[]): MessageWindow {
  return messages === window.messages ? window : { ...window, messages }
}

function placeOf(messages: readonly Message[], seq: number): number | undefined {
  const first = messages[0]?.seq
  return first === undefined || seq < first || seq > endOf(messages) ? undefined : seq - first
}

/** The same list, or one in which this message has taken the place of an older copy. */
function replaceOlder(messages: readonly Message[], message: Message): readonly Message[] {
  const place = placeOf(messages, message.seq)
  if (place === undefined || (messages[place]?.version ?? 0) >= message.version) return messages
  return messages.with(place, message)
}

function keep(window: MessageWindow, message: Message): MessageWindow {
  const known = window.heard.find(({ seq }) => seq === message.seq)
  if (known !== undefined && known.version >= message.version) return window
  const heard = [...window.heard.filter(({ seq }) => seq !== message.seq), message].toSorted((a, b) => a.seq - b.seq)
  return { ...window, heard: window.asked.length > 0 ? heard : heard.slice(-maxAhead) }
}

/** Takes over what was heard and continues the window. */
function absorb(window: MessageWindow): MessageWindow {
  if (window.messages === undefined) return window
  const messages = [...window.messages]
  for (const message of window.heard) {
    if (message.seq === endOf(messages) + 1 && message.version > window.asOf) messages.push(message)
  }
  return settle({ ...window, messages: messages.length === window.messages.length ? window.messages : messages })
}

/** With no page on its way, only what is ahead of the window is still of use. */
function settle(window: MessageWindow): MessageWindow {
  const { messages, heard, asked } = window
  if (asked.length > 0 || heard.length === 0) return window
  const end = messages === undefined ? Infinity : endOf(messages)
  return { ...window, heard: heard.filter(({ seq }) => seq > end).slice(-maxAhead) }
}

function touch(one: readonly Message[], other: readonly Message[]): boolean {
  const [first, second] = [one[0], other[0]]
  // An empty room's window ends at 0, where everything begins.
  if (first === undefined || second === undefined) return first === undefined ? (second?.seq ?? 1) === 1 : true
  return second.seq <= endOf(one) + 1 && endOf(other) + 1 >= first.seq
}

function union(one: readonly Message[], other: readonly Message[]): readonly Message[] {
  const first = Math.min(one[0]?.seq ?? Infinity, other[0]?.seq ?? Infinity)
  const all = new Array<Message>()
  for (const message of [...one, ...other]) {
    const known = all[message.seq - first]
    if (known === undefined || known.version < message.version) all[message.seq - first] = message
  }
  return all
}
