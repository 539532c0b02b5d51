/**
 * Whether a glob fits the whole text: `*` stands for any run of characters, `?` for one. Walked by hand, so that no
 * pattern is slow: a regular expression with ten `.*` in it can take minutes for one name.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0
  let from = 0
  // Behind the last `*`, and how far it reaches; a later one makes every earlier choice good enough.
  let afterStar = -1
  let reach = 0
  while (at < text.length) {
    const wanted = pattern[from]
    if (wanted === '*') {
      afterStar = ++from
      reach = at
    } else if (wanted === '?' || wanted === text[at]) {
      from++
      at++
    } else if (afterStar >= 0) {
      from = afterStar
      at = ++reach
    } else {
      return false
    }
  }
  while (pattern[from] === '*') from++
  return from === pattern.length
}
