import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { areas } from './cases/index.ts'
import { differences, renderDifferences } from './differences.ts'
import { topics } from './scripts/index.ts'
import { readGolden } from './support/golden.ts'
import { nameOver, waysOf } from './support/ways.ts'

const scripts = topics.flatMap((topic) =>
  topic.scripts.flatMap((script) => waysOf(topic, script).map((way) => `${topic.name}: ${nameOver(way, script.name)}`)),
)
/** The script of a recording, whatever way it went. */
const plain = (name: string) => name.replace(/ \(over [a-z_ ]+\)$/, '')
const cases = areas.flatMap((area) => area.cases.map(({ name }) => `${area.name}: ${name}`))

test('differences.md says what the list says', () => {
  expect(readFileSync(new URL('differences.md', import.meta.url), 'utf8')).toBe(renderDifferences())
})

test('every listed difference is about a case that exists, once', () => {
  for (const on of ['hub', 'centrifugo v5']) {
    const listed = differences.filter((difference) => difference.on === on).flatMap((difference) => difference.cases)
    expect(listed.filter((name) => !scripts.includes(name) && !cases.includes(name))).toEqual([])
    expect(listed.filter((name, index) => listed.indexOf(name) !== index)).toEqual([])
  }
})

test('what is recorded is what there is: no script without a recording, no recording without a script', () => {
  for (const topic of topics) {
    const recorded = Object.keys(readGolden(topic.name))
    const own = topic.scripts.map(({ name }) => name)
    const overOthers = topic.scripts.flatMap((script) => waysOf(topic, script).map((way) => nameOver(way, script.name)))
    expect(own.filter((name) => !recorded.includes(name))).toEqual([])
    expect(recorded.filter((name) => !overOthers.includes(name))).toEqual([])
  }
})

test('what is recorded for one target is a listed difference', () => {
  const recorded = topics.flatMap(({ name: topic }) =>
    Object.entries(readGolden(topic)).flatMap(([script, { expected: _, ...others }]) =>
      Object.keys(others).map((on) => `${on}, ${topic}: ${script}`),
    ),
  )
  const listed = differences.flatMap(({ on, cases: names }) => names.map((name) => `${on}, ${name}`))
  expect(recorded.filter((name) => !listed.includes(name) && !listed.includes(plain(name)))).toEqual([])
})

test('names are unique', () => {
  for (const names of [scripts, cases, topics.map(({ name }) => name), areas.map(({ name }) => name)]) {
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  }
})
