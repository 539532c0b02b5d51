import { type Script, type Step, api, connect, script, send, settle } from './script.ts'

/** Namespaces whose answers v5 and v6 agree on; the streams differ in listed ways. */
const namespaces = ['open', 'closed', 'talk', 'talkmembers', 'readable', 'members', 'unreadable', 'optional', 'limited']
// Joins come when they come: what is said meanwhile is answered before or after.
const further = ['present', 'presentclosed', 'nowhere', 'personal', 'stream', 'delta', 'cache', 'pattern']

/** A kind of command, fields that it needs and fields that it may have. */
type Kind = readonly [kind: string, required: readonly string[], optional: readonly string[]]

const subscribe: Kind = [
  'subscribe',
  ['channel'],
  ['token', 'recover', 'offset', 'epoch', 'positioned', 'recoverable', 'join_leave', 'data', 'delta'],
]
const others: readonly Kind[] = [
  ['publish', ['channel', 'data'], []],
  ['history', ['channel'], ['limit', 'since', 'reverse']],
  ['unsubscribe', ['channel'], []],
  ['presence', ['channel'], []],
  ['presence_stats', ['channel'], []],
  ['rpc', [], ['method', 'data']],
  // A bad token here closes the connection a moment later, which the end of the script may miss.
  ['sub_refresh', ['channel'], []],
]

/** Makes conversations of a few commands, most of them sensible, some not. */
export function randomScript(name: string, random: () => number): Script {
  const pick = <Value>(...values: readonly Value[]): Value => values[Math.floor(random() * values.length)] as Value
  const sometimes = (chance: number) => random() < chance
  let id = 1

  const channel = (): string => {
    const namespace = pick(...namespaces, ...further)
    const rest = pick('$N', '$N', '$N', 'x#$N', '#$N', '#$N,', 'a#,$N')
    return pick(...Array<string>(12).fill(`${namespace}:${rest}`), `$${namespace}:$N`, '$N', ':#', ` ${namespace}:$N`)
  }
  const anything = (): string =>
    pick(
      `"${channel()}"`,
      '""',
      'null',
      '1',
      '0',
      '-1',
      '1.5',
      'true',
      '[]',
      '{}',
      '{"a":1}',
      '"x"',
      '"1"',
      '99999999999',
    )
  const sensible: Record<string, () => string> = {
    channel: () => `"${channel()}"`,
    token: () => pick('""', '"$TOKEN"'),
    data: () => pick('{}', '{"a":1}', '[1]', '"s"', 'null', '5'),
    offset: () => pick('0', '1', '2'),
    epoch: () => pick('""', '"zzzz"'),
    limit: () => pick('0', '1', '2', '-1', '10'),
    since: () => pick('{"offset":1}', '{"offset":0}', '{"offset":1,"epoch":"zz"}', '{}'),
    method: () => pick('"m"', '""'),
    // An unknown one closes the connection a moment later, which the end of the script may miss.
    delta: () => pick('"fossil"', '""'),
  }
  const field = (key: string): string =>
    `"${key}":${sometimes(0.95) ? (sensible[key]?.() ?? pick('true', 'false')) : anything()}`

  const command = (): string => {
    const [kind, required, optional] = sometimes(0.3) ? subscribe : pick(...others)
    const fields = [
      // v5 and v6 differ on a publish without data.
      ...required.filter((key) => key === 'data' || sometimes(0.98)),
      ...optional.filter(() => sometimes(0.25)),
    ]
    id += 1
    return `{"id":${id},"${kind}":{${fields.map(field).join(',')}}}`
  }
  const frame = (): Step => send(Array.from({ length: pick(1, 2, 3) }, command).join('\n'))
  const publication = (): Step =>
    api('publish', `{"channel":"${pick('open', 'closed', 'talk', 'limited')}:$N","data":{"a":1}}`)

  return script(name, connect, frame(), ...(sometimes(0.5) ? [settle, publication(), frame()] : []), settle)
}
