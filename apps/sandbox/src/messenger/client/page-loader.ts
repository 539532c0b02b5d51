/** Asks for pages of messages, and knows which are on their way and which did not come. */
import type { MessagePage } from '../model.ts'
import { ApiError, reasonOf, type Api } from './api.ts'
import { without } from './maps.ts'
import { endOf } from './message-window.ts'
import type { Action, KnownRoom } from './reduce.ts'

/** With none of the three: the newest. */
export type Place = { before?: number; after?: number; around?: number; limit: number }

export interface PageLoad {
  /** What the page shows meanwhile; without it nobody sees that it is loaded. */
  label?: 'first' | 'older' | 'newer'
  replace?: boolean
  /** As of `page-loaded`: 0 for the beginning, Infinity for the end. */
  keep: number
  /** The failure is told to whoever asked, and not shown at the edge. */
  isTold?: boolean
}

export interface PageLoaderOptions {
  api: Api
  /** The next of the numbers that stand for times. */
  now: () => number
  roomOf: (roomId: number) => KnownRoom | undefined
  dispatch: (action: Action) => void
  onChange: () => void
  /** The server says that I am not in this room. */
  onMissing: (roomId: number) => void
  /** A page that somebody jumped to is there. */
  onJump: (roomId: number) => void
}

export class PageLoader {
  readonly #options: PageLoaderOptions
  #loading: ReadonlyMap<number, 'first' | 'older' | 'newer'> = new Map()
  #failures: ReadonlyMap<number, string> = new Map()

  constructor(options: PageLoaderOptions) {
    this.#options = options
  }

  get loading(): ReadonlyMap<number, 'first' | 'older' | 'newer'> {
    return this.#loading
  }

  /** Why a room's messages did not come, for people. */
  get failures(): ReadonlyMap<number, string> {
    return this.#failures
  }

  /** What failed may be tried again: in this room, or in all. */
  forgive(roomId?: number): void {
    this.#failures = roomId === undefined ? new Map() : without(this.#failures, roomId)
    this.#options.onChange()
  }

  /** @returns why the page did not come; undefined: it did */
  async load(
    roomId: number,
    place: Place,
    { label, replace = false, keep, isTold = false }: PageLoad,
  ): Promise<ApiError | undefined> {
    const { api, now, roomOf, dispatch, onMissing, onJump } = this.#options
    const askedAt = now()
    const lastSeq = roomOf(roomId)?.last_seq ?? 0
    if (label !== undefined) this.#loading = new Map(this.#loading).set(roomId, label)
    this.#failures = without(this.#failures, roomId)
    dispatch({ type: 'page-asked', roomId, askedAt })
    let answer: Action = { type: 'page-failed', roomId, askedAt }
    let failed: ApiError | undefined
    let shown: string | undefined
    try {
      const page = await api.get<MessagePage>(`/api/rooms/${roomId}/messages`, place)
      answer = { type: 'page-loaded', roomId, page, askedAt, replace, keep }
      if (lacksTheEnd(place, page, lastSeq)) shown = 'The newest messages could not be found.'
    } catch (error) {
      failed = error instanceof ApiError ? error : new ApiError(0, reasonOf(error))
      if (failed.status === 404) onMissing(roomId)
      else if (label !== undefined && !isTold) shown = failed.message
    }
    if (label !== undefined) this.#loading = without(this.#loading, roomId)
    if (shown !== undefined) this.#failures = new Map(this.#failures).set(roomId, shown)
    if (replace && place.around !== undefined) onJump(roomId)
    dispatch(answer)
    return failed
  }
}

/** A database that has lost what was heard: it would be asked for again and again. */
function lacksTheEnd({ before, after, around }: Place, { messages }: MessagePage, lastSeq: number): boolean {
  if (after !== undefined) return messages.length === 0 && after < lastSeq
  return before === undefined && around === undefined && endOf(messages) < lastSeq
}
