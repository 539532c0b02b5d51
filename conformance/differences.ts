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
      'publications: a version without history',
      'delta: versions (over websocket protobuf)',
      'delta: versions (over http_stream protobuf)',
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
    cases: [
      ...['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'].map((method) => `streams: /emulation: ${method}`),
      'streams: /connection/http_stream: OPTIONS',
      'streams: OPTIONS without an origin',
    ],
    reason: 'v5 answers OPTIONS with 200 and knows no wrong method on /emulation.',
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
    cases: ['connection tokens: exp in two years', 'connection tokens: exp beyond 2^53', 'server api: refresh: a user'],
    reason: 'v6 tells a client at most a year of lifetime, v5 whatever the token says.',
  },
  {
    on: 'hub',
    cases: ['handshake: an origin equal to the host', 'no origins: the own origin'],
    reason: "An embedded hub serves the page's own origin without it being listed (option sameOrigin).",
  },
  {
    on: 'hub',
    cases: ['rpc proxy: an error without a code'],
    reason: "An app's error that has no code is a failure (100); the real server hands it on as it is.",
  },
  {
    on: 'hub',
    cases: ['connect', 'subscribe', 'publish', 'rpc'].map((event) => `${event} proxy: a redirect to nowhere`),
    reason: "An app's redirect is a failure (100): where a proxy asks is the configuration's to say. v6 follows it.",
  },
  {
    on: 'hub',
    cases: ['public keys: PS256', 'public keys: PS384', 'public keys: PS512'],
    reason: 'PS256 to PS512 are taken with an RSA key; v6 knows only RS256 to RS512 without a key set.',
  },
  {
    on: 'hub',
    cases: ['key set: a key without an algorithm'],
    reason: 'A key of a set need not name its algorithm (RFC 7517); the real server does not use such a key.',
  },
  {
    on: 'hub',
    cases: ['delta: recovery of nothing, and more live'],
    reason: 'After a recovery of nothing the first publication is a full one: the client may have lost its base.',
  },
  {
    on: 'hub',
    cases: ['delta: versions (over websocket protobuf)', 'delta: versions (over http_stream protobuf)'],
    reason: 'Over Protobuf a patch keeps the version of its publication.',
  },
  {
    on: 'hub',
    cases: ['delta: in a channel without recovery'],
    reason: 'Patches come wherever there is history; the real server sends them to positioned subscribers only.',
  },
  {
    on: 'hub',
    cases: ['tags filter: with delta'],
    reason: 'No patches for a filtered subscription: the official client refuses to ask for both.',
  },
  {
    on: 'hub',
    cases: [
      'publications: data with carriage returns',
      ...['uni_sse', 'uni_sse, POST', 'uni_http_stream', 'uni_websocket, first message', 'uni_websocket, query'].map(
        (way) => `unidirectional: ${way}: data with line breaks`,
      ),
    ],
    reason: 'Carriage returns of JSON data are taken out like line feeds: they would break an event stream.',
  },
  {
    on: 'hub',
    cases: ['frames: keys in capitals', 'server api: publish: keys in capitals'],
    reason: 'Keys are compared exactly; Go ignores their case.',
  },
  {
    on: 'hub',
    cases: ['frames: two commands on one line', 'frames: text after the command'],
    reason: 'What follows a command on its line is malformed JSON (3501); the real server ignores it.',
  },
  {
    on: 'hub',
    cases: ['frames: bytes that are not UTF-8'],
    reason: 'A text frame has to be UTF-8 (RFC 6455, closed 1007); the real server does not look.',
  },
  {
    on: 'hub',
    cases: [
      'connect: id 1.0',
      'connect: id 1e2',
      'commands: an id of 2.0',
      'commands: an id of 2e0',
      'subscribe: an offset beyond 2^64',
    ],
    reason: 'Numbers are JavaScript numbers: 1.0 is 1, and 2^64 is a large offset.',
  },
  {
    on: 'hub',
    cases: ['connection tokens: a critical header'],
    reason: 'A token with critical headers that nobody understands has to be refused (RFC 7515).',
  },
  {
    on: 'hub',
    cases: ['subscribe: an unknown type'],
    reason: "An unknown subscription type is the client's mistake (3501), not an internal error (3004).",
  },
  {
    on: 'hub',
    cases: ['subscribe: sub_refresh with an expired token'],
    reason: 'The real server then keeps the subscription for good; here it ends with 3006, as in a later upstream fix.',
  },
  {
    on: 'hub',
    cases: ['anonymous: subscribe to a user-limited channel of nobody'],
    reason: 'An empty list of users is nobody; in the real server it is everybody without a user.',
  },
]

/** A difference that shows wherever its subject does: what v6 says is rewritten before it is compared. */
interface Rule {
  on: Difference['on']
  cases: string
  reason: string
  rewrite(line: string): string
}

const rules: readonly Rule[] = [
  {
    on: 'centrifugo v5',
    cases: 'every publication with offset 1',
    reason: 'v6 puts the epoch on the first publication of a stream, v5 does not.',
    rewrite: (line) => line.replace(/(,"offset":1(?:,"tags":\{[^}]*\})?),"epoch":"<epoch \d>"(?=[,}])/g, '$1'),
  },
]

/** What v6 says, as it is to be expected of this target. */
export function rewritten(target: string, lines: readonly string[]): string[] {
  const on = listedUnder(target)
  return lines.map((line) =>
    rules
      .filter((rule) => rule.on === on)
      .reduce((text, { rewrite }) => (text.startsWith('<') ? rewrite(text) : text), line),
  )
}

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

const headings: Record<Difference['on'], string> = {
  hub: 'The hub and Centrifugo v6',
  'centrifugo v5': 'Centrifugo v5 and Centrifugo v6',
}

/** The cases of one reason: topic by topic. */
function summary(cases: readonly string[]): string {
  const topics = Map.groupBy(cases, (name) => name.slice(0, name.indexOf(': ')))
  return [...topics]
    .map(([topic, names]) => `**${topic}**: ${names.map((name) => name.slice(topic.length + 2)).join('; ')}`)
    .join('<br>')
}

/** `differences.md`, which says the same for people. */
export function renderDifferences(): string {
  const sections = (['hub', 'centrifugo v5'] as const).map((on) => {
    const rows = differences
      .filter((difference) => difference.on === on)
      .map(({ cases, reason }) => `| ${summary(cases)} | ${reason} |`)
    const general = rules.filter((rule) => rule.on === on).map(({ cases, reason }) => `| ${cases} | ${reason} |`)
    return [`## ${headings[on]}`, '', '| cases | reason |', '| --- | --- |', ...general, ...rows].join('\n')
  })
  return [
    '# Differences',
    'Every case of the suite has to come out as on Centrifugo v6, apart from these. What each says instead is recorded\n' +
      'in [golden](golden), and a difference that is gone fails the suite just like a new one. This page is written by\n' +
      '`npm run record -w conformance` from [differences.ts](differences.ts).',
    ...sections,
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n')
}
