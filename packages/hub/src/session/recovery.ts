import type { Publication, StreamPosition } from '@backchannel/protocol'
import type { HistoryPage, HistoryQuery } from '../broker/broker.ts'
import { isRecovered } from '../broker/is-recovered.ts'
import type { JoinBuffer } from '../fanout/join-buffer.ts'
import type { Grant } from './subscription.ts'

type RecoveryRules = Pick<Grant, 'options' | 'filter'>

/**
 * What to read of the stream for a subscription.
 * @param since where it wants to go on from; undefined: only the top
 * @param maxLimit `client.recovery_max_publication_limit`
 */
export function recoveryQuery(
  { options, filter }: RecoveryRules,
  since: StreamPosition | undefined,
  maxLimit: number,
): Pick<HistoryQuery, 'limit' | 'since' | 'reverse'> {
  if (!since) return { limit: 0, reverse: false }
  if (options.force_recovery_mode !== 'cache') return { since, limit: maxLimit, reverse: false }
  // With a filter the newest that it lets through may lie further back.
  return { limit: filter ? maxLimit : 1, reverse: true }
}

/** What brings a subscription from where it was to the top; undefined when it can't be brought there. */
export function recover(
  rules: RecoveryRules,
  page: HistoryPage,
  since: StreamPosition,
): readonly Publication[] | undefined {
  if (rules.options.force_recovery_mode === 'cache') return fromCache(rules, page, since)
  return isRecovered(page, since) ? page.publications : undefined
}

/** The newest publication alone, unless the subscriber has it. */
function fromCache({ filter }: RecoveryRules, page: HistoryPage, since: StreamPosition): Publication[] | undefined {
  const { publications, position } = page
  const isThere = since.offset > 0 && since.offset === position.offset && since.epoch === position.epoch
  const heard = publications.find(({ tags }) => filter?.matches(tags) ?? true)
  if (!heard) return isThere ? [] : undefined
  if (publications[0]?.offset !== position.offset) return undefined
  return isThere ? [] : [heard]
}

/**
 * What came in while the page was read and is not in it; undefined when something is missing in between.
 * Publications without an offset are no part of the stream and stay where they came.
 */
export function continuation(buffer: JoinBuffer['entries'], from: StreamPosition): Publication[] | undefined {
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
