import type { Spread } from '../stats.ts'

const small = new Intl.NumberFormat('en', { minimumSignificantDigits: 2, maximumSignificantDigits: 2 })
const large = new Intl.NumberFormat('en', { minimumSignificantDigits: 2, maximumSignificantDigits: 3 })

/** Two significant digits below ten, three above: what a noisy machine has to say. */
export function figure(value: number): string {
  if (value === 0) return '0'
  return (Math.abs(value) < 10 ? small : large).format(value)
}

/** `4.4 (4.3–6.5)`, and the figure alone where the others are written alike. */
export function spread({ median, min, max }: Spread): string {
  const [middle, low, high] = [figure(median), figure(min), figure(max)]
  return low === high ? middle : `${middle} (${low}–${high})`
}

/** A table whose first column is text and whose others are figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'))
  return [head.map(escaped), rule, ...rows.map((cells) => cells.map(escaped))]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

const escaped = (cell: string) => cell.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')
