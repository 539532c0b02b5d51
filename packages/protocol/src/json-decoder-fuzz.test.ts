/**
 * Mutations of valid frames: whatever comes, a command comes out or MalformedCommand is thrown. FUZZ_RUNS=2000000 runs
 * more of them than every change needs.
 */
import { expect, test } from 'vitest'
import { decodeCommand, splitFrame } from './json-decoder.ts'
import { MalformedCommand } from './malformed-command.ts'
import { commandKinds, one, random, type Choose } from './testing/random.ts'

const frames = [
  '{}',
  '{"id":1,"connect":{"token":"t.t.t","name":"js","version":"5.8.0","data":{"a":[1,{}]},"subs":{"a":{"recover":true,"offset":5,"epoch":"xyzw"},"b":{}},"headers":{"x":"y"}}}',
  '{"id":2,"subscribe":{"channel":"ns:a","token":"t","recover":true,"epoch":"e","offset":7,"data":[1, 2],"positioned":true,"recoverable":true,"join_leave":true,"delta":"fossil","tf":{"op":"and","nodes":[{"key":"k","cmp":"in","vals":["a"]},{"op":"not","nodes":[{"key":"k","cmp":"ex"}]}]},"flag":1,"type":0}}',
  '{"id":3,"unsubscribe":{"channel":"ns:a"}}',
  '{"id":4,"publish":{"channel":"ns:a","data":{"text":"\\u00e4 \\" \\\\","n":1.0,"deep":[[[{"x":null}]]]}}}',
  '{"id":5,"presence":{"channel":"ns:a"}}\n{"id":6,"presence_stats":{"channel":"ns:a"}}',
  '{"id":7,"history":{"channel":"ns:a","limit":10,"since":{"offset":1,"epoch":"e"},"reverse":true}}\n',
  '{"id":8,"ping":{}}\n{"id":9,"send":{"data":"x"}}\n{"send":{"data":1}}',
  '{"id":10,"rpc":{"method":"m","data":{"a":{"b":{}}}}}',
  '{"id":11,"refresh":{"token":"t"}}\n{"id":12,"sub_refresh":{"channel":"ns:a","token":"t"}}',
]

const values = [
  'null',
  'true',
  '0',
  '-1',
  '1.5',
  '1e400',
  '-0',
  '4294967296',
  '18446744073709551616',
  '9'.repeat(400),
  '""',
  '"\\ud800"',
  '"\\u0000"',
  '[]',
  '{}',
  '[[[[[[]]]]]]',
  '{"__proto__":{"id":1},"constructor":{"prototype":{}}}',
  '{"toString":1,"valueOf":2,"length":-1}',
  '['.repeat(2000) + ']'.repeat(2000),
  '{"a":'.repeat(500) + '1' + '}'.repeat(500),
  '{"nodes":['.repeat(500) + ']}'.repeat(500),
]

const names = [
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'id',
  'send',
  'data',
  'channel',
  'subs',
  '',
  'ID',
  '\\u0069d',
]

/** Where values and keys stand in a text: what the mutations take hold of. */
const valueText = /(?<=[:[,]\s*)(?:"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|\{[^{}]*\}|\[[^[\]]*\])/g
const keyText = /"(?:[^"\\]|\\.)*"(?=:)/g

function replaceOne(text: string, pattern: RegExp, choose: Choose, make: (found: string) => string): string {
  const found = [...text.matchAll(pattern)]
  if (found.length === 0) return text
  const { 0: old, index } = one(found, choose)
  return text.slice(0, index) + make(old) + text.slice(index + old.length)
}

const mutations: readonly ((text: string, choose: Choose) => string)[] = [
  // Another type, null, a huge number, nesting in place of a value.
  (text, choose) => replaceOne(text, valueText, choose, () => one(values, choose)),
  (text, choose) => replaceOne(text, valueText, choose, (old) => `[${old}]`),
  (text, choose) => replaceOne(text, valueText, choose, (old) => `{"data":${old}}`),
  (text, choose) => replaceOne(text, valueText, choose, (old) => `"${old.replaceAll('"', '')}"`),
  // Another name for a member; a member twice.
  (text, choose) => replaceOne(text, keyText, choose, () => `"${one(names, choose)}"`),
  (text, choose) => replaceOne(text, keyText, choose, (old) => `${old}:${one(values, choose)},${old}`),
  (text, choose) => replaceOne(text, keyText, choose, (old) => `"${one(names, choose)}":${one(values, choose)},${old}`),
  // Truncation at both ends, and a piece missing.
  (text, choose) => text.slice(0, choose(text.length + 1)),
  (text, choose) => text.slice(choose(text.length + 1)),
  (text, choose) => {
    const from = choose(text.length + 1)
    return text.slice(0, from) + text.slice(from + 1 + choose(8))
  },
  // Splicing: the head of one frame, the tail of another, or one within the other.
  (text, choose) => {
    const other = one(frames, choose)
    return text.slice(0, choose(text.length + 1)) + other.slice(choose(other.length + 1))
  },
  (text, choose) => replaceOne(text, valueText, choose, () => one(frames, choose)),
  // A character more or another one.
  (text, choose) => {
    const at = choose(text.length + 1)
    const extra = one(['"', '\\', '{', '}', '[', ']', ',', ':', '\n', '\r', ' ', '\0', '\ufeff', '\ud800', '0'], choose)
    return text.slice(0, at) + extra + text.slice(at + choose(2))
  },
]

function mutant(choose: Choose): string {
  let text = one(frames, choose)
  for (let rounds = 1 + choose(4); rounds > 0; rounds--) text = one(mutations, choose)(text, choose)
  return text
}

const seed = Number(process.env['SEED'])
const runs = Number(process.env['FUZZ_RUNS'] ?? 20_000)

test(`${runs} mutated frames: commands and MalformedCommand, and nothing else`, { timeout: 60_000 + runs }, () => {
  const choose = random(seed)
  let decoded = 0
  let refused = 0
  for (let run = 0; run < runs; run++) {
    const frame = mutant(choose)
    for (const text of splitFrame(frame)) {
      try {
        const command = decodeCommand(text)
        const isCommand = commandKinds.has(command.kind) && Number.isInteger(command.id) && command.id >= 0
        if (!isCommand) throw new Error(`decoded to ${JSON.stringify(command)}`)
        if ('data' in command && typeof command.data === 'string' && command.data !== '') JSON.parse(command.data)
        decoded++
      } catch (error) {
        if (!(error instanceof MalformedCommand)) throw new Error(`seed ${seed}, run ${run}: ${text}`, { cause: error })
        refused++
      }
    }
  }
  // Mutations that are all refused, or none, would prove nothing.
  expect(decoded).toBeGreaterThan(runs / 20)
  expect(refused).toBeGreaterThan(runs / 20)
  expect(({} as { id?: unknown }).id).toBeUndefined()
})
