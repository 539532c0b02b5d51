import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { areas } from './cases/index.ts'
import { differences, renderDifferences } from './differences.ts'
import { topics } from './scripts/index.ts'
import { readGolden } from './support/golden.ts'

const scripts = topics.flatMap((topic) => topic.scripts.map(({ name }) => `${topic.name}: ${name}`))
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
  for (const { name, scripts: own } of topics) {
    expect(Object.keys(readGolden(name)).toSorted()).toEqual(own.map((script) => script.name).toSorted())
  }
})

test('what is recorded for one target is a listed difference', () => {
  const recorded = topics.flatMap(({ name: topic }) =>
    Object.entries(readGolden(topic)).flatMap(([script, { expected: _, ...others }]) =>
      Object.keys(others).map((on) => `${on}, ${topic}: ${script}`),
    ),
  )
  const listed = differences.flatMap(({ on, cases: names }) => names.map((name) => `${on}, ${name}`))
  expect(recorded.filter((name) => !listed.includes(name))).toEqual([])
})

test('names are unique', () => {
  for (const names of [scripts, cases, topics.map(({ name }) => name), areas.map(({ name }) => name)]) {
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  }
})
