import { writeFileSync } from 'node:fs'
import { Bench } from './bench.ts'
import { readResults, writeResults } from './committed.ts'
import { goVersion, missingForGo } from './go-program.ts'
import { chooseCores, machineFacts } from './machine.ts'
import { type Options, parseOptions, usage } from './options.ts'
import { compare, guardReport } from './report/guard.ts'
import { tables } from './report/tables.ts'
import type { Results } from './results.ts'

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}

function readOptions(): Options {
  let options: Options | 'help'
  try {
    options = parseOptions(process.argv.slice(2))
  } catch (error) {
    return fail(`${messageOf(error)}\n\n${usage}`)
  }
  if (options !== 'help') return options
  console.log(usage)
  return process.exit(0)
}

const options = readOptions()
if (options.render) {
  for (const file of writeResults(readResults())) console.error(`Written: ${file}`)
} else {
  await measure(options)
}

async function measure({ scenarios, peers, rounds, seconds, cpuProfile, ...output }: Options): Promise<void> {
  const reason = await missingForGo()
  if (reason !== undefined) fail(`The benchmark can't run here: ${reason}.`)
  for (const peer of peers) {
    const missing = await peer.missing()
    if (missing !== undefined) fail(`${peer.title} can't be started: ${missing}. Leave it out with --peers.`)
  }

  const cores = await chooseCores()
  const warmUp = Math.min(0.5, seconds / 2)
  const facts = [
    machineFacts(),
    `Go ${await goVersion()}`,
    typeof cores === 'string'
      ? `servers and load generator share the cores (${cores}): the figures are noisier`
      : `servers on core ${cores.server}, load generator on core ${cores.load}`,
    `at most ${rounds} ${rounds === 1 ? 'round' : 'rounds'} after a rehearsal, ${seconds} s each after ${warmUp} s of warm-up`,
  ]
  for (const fact of facts) console.error(fact)

  const settings = { rounds, seconds, warmUp, rehearses: true, scale: 1, cpuProfile }
  const bench = new Bench(settings, typeof cores === 'string' ? undefined : cores, (text) => console.error(text))
  let interrupted = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interrupted = true
      void bench.stop().then(() => process.exit(signal === 'SIGINT' ? 130 : 143))
    })
  }

  try {
    const { versions, ...measured } = await bench.run(scenarios, peers)
    const results: Results = {
      date: new Date().toISOString().slice(0, 10),
      facts,
      peers: peers
        .filter(({ name }) => versions.has(name))
        .map(({ name, title, settings }) => ({ name, title, version: versions.get(name) ?? '', settings })),
      ...measured,
    }
    show(results, output)
  } catch (error) {
    // After Ctrl-C the children have ended too, which is no news.
    if (!interrupted) console.error(messageOf(error))
    process.exitCode = 1
  } finally {
    await bench.stop()
  }
}

function show(
  results: Results,
  { json, guard, write, isPart }: Pick<Options, 'json' | 'guard' | 'write' | 'isPart'>,
): void {
  console.log(`\n${tables(results)}`)
  // Before the committed results become these.
  if (guard) {
    const lines = compare(readResults(), results, isPart)
    console.log(guardReport(lines))
    if (lines.some(({ worse }) => worse)) process.exitCode = 1
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(results, null, 2)}\n`)
  if (write) for (const file of writeResults(results)) console.error(`Written: ${file}`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
