/** How often one person may write. Counted in this process. */
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

/** Each counts one and tells how many seconds to wait if that was too many; undefined: go on. */
export interface Rates {
  /** Ten at once, then five a second. */
  post(userId: string): Promise<number | undefined>
  /** Twenty a second. */
  change(userId: string): Promise<number | undefined>
  /** One a second. */
  typing(userId: string): Promise<number | undefined>
}

export function createRates(): Rates {
  const perSecond = (points: number, keyPrefix: string) => new RateLimiterMemory({ points, duration: 1, keyPrefix })
  // Whoever has used up the five on top waits until they have not written more than five a second for a while.
  const burst = new RateLimiterMemory({ points: 5, duration: 10, keyPrefix: 'burst' })
  const posts = new BurstyRateLimiter(perSecond(5, 'post'), burst)
  const changes = perSecond(20, 'change')
  const typing = perSecond(1, 'typing')
  return {
    post: (userId) => take(posts, userId),
    change: (userId) => take(changes, userId),
    typing: (userId) => take(typing, userId),
  }
}

async function take(limiter: Pick<RateLimiterMemory, 'consume'>, userId: string): Promise<number | undefined> {
  try {
    await limiter.consume(userId)
    return undefined
  } catch (reason) {
    if (!(reason instanceof RateLimiterRes)) throw reason
    return Math.max(1, Math.ceil(reason.msBeforeNext / 1000))
  }
}
