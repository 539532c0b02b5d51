import type { Results, Sample } from '../results.ts'
import { type Spread, spreadOf } from '../stats.ts'

/** What a single cell of a table is about. */
export interface Cell {
  readonly scenario: string
  readonly row: string
  readonly metric: string
}

/** The samples of a run, found by cell and peer. */
export class Figures {
  readonly #samples = new Map<string, Sample[]>()

  constructor({ samples }: Pick<Results, 'samples'>) {
    for (const sample of samples) {
      const key = keyOf(sample, sample.peer)
      const others = this.#samples.get(key)
      if (others === undefined) this.#samples.set(key, [sample])
      else others.push(sample)
    }
  }

  /** undefined without samples */
  spread(cell: Cell, peer: string): Spread | undefined {
    return spreadIfAny(this.#of(cell, peer).map(({ value }) => value))
  }

  /**
   * The one's figure over the other's. Within a round the peers stand side by side, so the ratio is taken there and not
   * of the medians. A figure of 0 was below what can be measured, and has no ratio.
   *
   * @returns undefined where no round has both
   */
  ratio(cell: Cell, peer: string, other: string): Spread | undefined {
    const counterparts = this.#of(cell, other)
    return spreadIfAny(
      this.#of(cell, peer).flatMap(({ round, value }) =>
        counterparts
          .filter((counterpart) => counterpart.round === round && counterpart.value > 0 && value > 0)
          .map((counterpart) => value / counterpart.value),
      ),
    )
  }

  #of(cell: Cell, peer: string): readonly Sample[] {
    return this.#samples.get(keyOf(cell, peer)) ?? []
  }
}

const keyOf = ({ scenario, row, metric }: Cell, peer: string) => JSON.stringify([scenario, row, metric, peer])

const spreadIfAny = (values: readonly number[]) => (values.length === 0 ? undefined : spreadOf(values))
