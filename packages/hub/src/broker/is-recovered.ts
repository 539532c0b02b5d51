import type { StreamPosition } from '@backchannel/protocol'
import type { HistoryPage } from './broker.ts'

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
