import type { Publication, StreamPosition } from '@backchannel/protocol'
import type { HistoryPage } from './broker.ts'
import type { JoinBuffer } from './channel.ts'

/** More than this many missed publications are not sent on recovery; the app loads its state anew. */
export const recoveryLimit = 300

/**
 * Whether a page that was read from `since` on brings a subscriber from there to the top without a gap.
 * An empty epoch stands for any.
 */
export function isRecovered(page: HistoryPage, since: StreamPosition): boolean {
  const { publications, position } = page
  if (since.epoch !== '' && since.epoch !== position.epoch) return false
  const first = publications[0]
  const last = publications.at(-1)
  if (!first || !last) return since.offset === position.offset
  return first.offset === since.offset + 1 && last.offset === position.offset
}

/**
 * What came in while the page was read and is not in it; undefined when something is missing in between.
 * Publications without an offset are no part of the stream and stay where they came.
 */
export function continuation(buffer: JoinBuffer, from: StreamPosition): Publication[] | undefined {
  let next = from.offset + 1
  const result: Publication[] = []
  for (const { publication, epoch } of buffer) {
    if (publication.offset > 0) {
      if (epoch !== from.epoch) return undefined
      if (publication.offset < next) continue
      if (publication.offset > next) return undefined
      next++
    }
    result.push(publication)
  }
  return result
}
