/** Where a target is allowed to answer otherwise than the real Centrifugo v6, and why. */
export interface Difference {
  on: 'centrifugo v5' | 'hub'
  /** `topic: case`, as in the test names. */
  cases: readonly string[]
  reason: string
}

export const differences: readonly Difference[] = [
  {
    on: 'centrifugo v5',
    cases: [
      'publications: a stream',
      'publications: a stream with tags',
      'publications: skip_history in a stream',
      'publications: idempotency in a stream',
      'publications: broadcast',
      'publications: a client hears itself in a stored channel',
      'publications: history, all',
      'publications: history, limit 2',
      'publications: history, limit 1000',
      'publications: history, limit -5',
      'publications: history since 2, reversed',
      'publications: history for subscribers, after',
      'publications: recovery of nothing missed',
      'publications: recovery of two',
      'publications: recovery from the start',
      'publications: recovery of what a client published',
      'server api: broadcast: an idempotency key',
    ],
    reason: 'v6 puts the epoch on the first publication of a stream, v5 does not.',
  },
  {
    on: 'centrifugo v5',
    cases: [
      'publications: a version without history',
      'publications: versions in a stream',
      'publications: versions of two epochs',
      'publications: recovery of tags and versions',
      'server api: publish: version of the wrong type',
      'server api: publish: a negative version',
      'server api: publish: a version with a fraction',
    ],
    reason: 'Versions of publications are new in v6; v5 ignores the field.',
  },
  {
    on: 'centrifugo v5',
    cases: [
      'publications: a client publishes text to an object namespace',
      'publications: a client publishes a list to an object namespace',
      'server api: publish: a list to an object namespace',
    ],
    reason: 'The option publication_data_format is new in v6.',
  },
  {
    on: 'centrifugo v5',
    cases: [
      'publications: a client publishes without data',
      'publications: a client publishes without data to a json namespace',
    ],
    reason: 'v5 closes with 3501 where v6 answers error 107.',
  },
  {
    on: 'centrifugo v5',
    cases: ['server api: broadcast: no data', 'server api: broadcast: no data, transport errors'],
    reason: 'v5 refuses the broadcast as a whole, v6 answers for each channel.',
  },
  {
    on: 'centrifugo v5',
    cases: ['connect: headers of the wrong type', 'connect: headers with a value of the wrong type'],
    reason: 'Emulated headers are new in v6; v5 ignores the field.',
  },
  {
    on: 'centrifugo v5',
    cases: ['subscribe: flag of the wrong type', 'publications: recovery with flag 2 of another epoch'],
    reason: 'Subscription flags are new in v6; v5 ignores the field.',
  },
  {
    on: 'centrifugo v5',
    cases: ['subscribe: a tags filter where it is not allowed'],
    reason: 'Filters by tags are new in v6; v5 ignores the field.',
  },
  {
    on: 'centrifugo v5',
    cases: ['subscribe: type 1', 'subscribe: an unknown type'],
    reason: 'Subscription types are new in v6; v5 ignores the field.',
  },
  {
    on: 'centrifugo v5',
    cases: [
      'connection tokens: exp in two years',
      'connection tokens: exp beyond 2^53',
      'server api: refresh: a user',
    ],
    reason: 'v6 tells a client at most a year of lifetime, v5 whatever the token says.',
  },
]

/** What differences of this target are listed under: both kinds of hub are one; v6 is what all are held to. */
export function listedUnder(target: string): Difference['on'] | undefined {
  if (target.startsWith('hub')) return 'hub'
  return target === 'centrifugo v5' ? target : undefined
}

/** The listed difference of this case on this target. */
export function differenceOf(target: string, name: string): Difference | undefined {
  const on = listedUnder(target)
  return differences.find((difference) => difference.on === on && difference.cases.includes(name))
}
