/** How many letters have to be put in, taken out or replaced to make one word the other. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    previous = row
  }
  return previous[b.length] ?? 0
}

/** No option's name comes near it; longer words are compared with none. */
const longest = 100

/** The name that was probably meant, if one is close. */
export function closest(word: string, names: Iterable<string>): string | undefined {
  if (word.length > longest) return undefined
  const limit = Math.max(1, Math.floor(word.length / 4))
  let best: string | undefined
  let least = limit + 1
  for (const name of names) {
    if (Math.abs(name.length - word.length) >= least) continue
    const steps = distance(word.toLowerCase(), name.toLowerCase())
    if (steps < least) [best, least] = [name, steps]
  }
  return best
}
