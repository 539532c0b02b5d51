// `npm test`: every check and every test, one after the other, and their sum. A failure stops nothing.
import { randomInt } from 'node:crypto'

import { missingServices, servicesAreRequired } from '@backchannel/servers'

import { add, nothing, type Skip } from './test/outcome.ts'
import { stopScripts } from './test/run-script.ts'
import { runStage, type StageResult, stages } from './test/stages.ts'

let interrupted: number | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (interrupted === undefined) {
      interrupted = performance.now()
      process.exitCode = 1
      stopScripts()
      // npm passes a terminal's Ctrl-C on, so one press arrives twice; a second press means now.
    } else if (performance.now() - interrupted > 500) process.exit(1)
  })
}

/** So many tests with the same reason are listed by name, more only by group. */
const listLimit = 20

function inGroups(skips: Skip[]): string[] {
  const groups = Map.groupBy(skips, ({ test }) => test.split(' > ').slice(0, 2).join(' > '))
  return [...groups].map(([group, { length }]) => `${group} (${length} tests)`)
}

const seed = (process.env['SEED'] ??= String(randomInt(2 ** 31)))
console.log(`Seed ${seed} (SEED=${seed} npm test repeats this run)`)
const strictness = servicesAreRequired() ? 'a failure' : 'skipped; REQUIRE_SERVICES=1 makes it a failure'
console.log(`Services (what needs a missing one is ${strictness}):`)
// Centrifugo is built here if it has to be, so that no test waits for it.
for (const name of ['centrifugo', 'postgres', 'redis', 'chromium'] as const) {
  console.log(`  ${name.padEnd(11)}${(await missingServices(name)) ?? 'is there'}`)
}

const results: StageResult[] = []
for (const group of stages) {
  if (interrupted !== undefined) break
  const names = group.map(({ script }) => script).join(', ')
  console.log(`… ${names}`)
  results.push(...(await Promise.all(group.map(runStage))))
}

for (const { stage, failure } of results) {
  if (failure !== undefined) console.log(`\n──── ${stage.script} failed ────\n${failure.trim()}`)
}

const total = results.map(({ outcome }) => outcome).reduce(add, nothing)
for (const [reason, skips] of Map.groupBy(total.skipped, (skip) => skip.reason)) {
  console.log(`\nSkipped: ${reason}`)
  const lines = skips.length > listLimit ? inGroups(skips) : skips.map(({ test }) => test)
  for (const line of lines) console.log(`  ${line}`)
}

console.log('\nstage              passed  failed  skipped     time')
for (const { stage, outcome, seconds } of results) {
  const numbers = [outcome.passed, outcome.failed, outcome.skipped.length].map((count) => String(count).padStart(8))
  console.log(`${stage.script.padEnd(17)}${numbers.join('')}${`${seconds.toFixed(1)} s`.padStart(10)}`)
}

if (interrupted !== undefined) console.log('\nInterrupted: the stages that follow were not run.')
if (total.failed > 0) process.exitCode = 1
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`)
