/** Which rows of a list are in sight, found in a few steps however long it is: a list's rows stand below each other. */

/** The first row that ends below this line of the viewport. */
export function firstBelow(list: HTMLElement, line: number): HTMLElement | undefined {
  return rowAt(
    list,
    firstIndex(list, (row) => row.getBoundingClientRect().bottom > line),
  )
}

/** The last row that begins above this line of the viewport. */
export function lastAbove(list: HTMLElement, line: number): HTMLElement | undefined {
  return rowAt(list, firstIndex(list, (row) => row.getBoundingClientRect().top >= line) - 1)
}

export function seqOf(row: HTMLElement | undefined): number | undefined {
  const seq = Number(row?.dataset['seq'])
  return Number.isSafeInteger(seq) ? seq : undefined
}

function firstIndex(list: HTMLElement, isPast: (row: Element) => boolean): number {
  let [low, high] = [0, list.children.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const row = list.children[middle]
    if (row !== undefined && isPast(row)) high = middle
    else low = middle + 1
  }
  return low
}

function rowAt(list: HTMLElement, index: number): HTMLElement | undefined {
  const row = list.children[index]
  return row instanceof HTMLElement ? row : undefined
}
