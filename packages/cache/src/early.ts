/** When an entry is refreshed before its end. */

/**
 * XFetch: an exponentially distributed head start, scaled by how long a load takes, so that of many callers one is likely
 * to begin in time and few do (Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention",
 * PVLDB 8(8), 2015).
 *
 * @param random evenly distributed in (0, 1]
 */
export function isDueEarly(
  { nowMs, freshUntil, loadMs, beta }: { nowMs: number; freshUntil: number; loadMs: number; beta: number },
  random: number,
): boolean {
  return nowMs - loadMs * beta * Math.log(random) >= freshUntil
}
