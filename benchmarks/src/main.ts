import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Benchmark, type Plan } from './benchmark.ts'
import { goVersion, missingForLoad } from './load-generator.ts'
import { chooseCores, machineFacts } from './machine.ts'
import { type Options, parseOptions, usage } from './options.ts'
import { report } from './report.ts'

const payloadBytes = 128

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}

function readOptions(): Options {
  let options: Options | 'help'
  try {
    options = parseOptions(process.argv.slice(2))
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  }
  if (options !== 'help') return options
  console.log(usage)
  return process.exit(0)
}

const options = readOptions()
const reason = await missingForLoad()
if (reason !== undefined) fail(`The benchmark can't run here: ${reason}.`)
for (const peer of options.peers) {
  const missing = await peer.missing()
  if (missing !== undefined) fail(`${peer.title} can't be started: ${missing}. Leave it out with --peers.`)
}

const cores = await chooseCores()
const plan: Plan = {
  ...options,
  payloadBytes,
  warmUp: Math.min(1, options.seconds / 2),
  cores: typeof cores === 'string' ? undefined : cores,
}
const pinning =
  typeof cores === 'string'
    ? `servers and load generator share the cores (${cores}): the figures are noisier`
    : `servers on core ${cores.server}, load generator on core ${cores.load}`
const facts = [machineFacts(), `Go ${await goVersion()}`, pinning]
for (const fact of facts) console.error(fact)

const benchmark = new Benchmark(plan, (text) => console.error(text))
let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interrupted = true
    void benchmark.stop().then(() => process.exit(signal === 'SIGINT' ? 130 : 143))
  })
}

try {
  const outcome = await benchmark.run()
  const text = report(plan, outcome, [...facts, new Date().toISOString().slice(0, 10)])
  console.log(`\n${text}`)
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ facts, ...outcome }, null, 2)}\n`)
  if (options.write !== undefined) writeResult(options.write, text)
} catch (error) {
  // After Ctrl-C the children have ended too, which is no news.
  if (!interrupted) console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  await benchmark.stop()
}

function writeResult(name: string, text: string): void {
  const folder = fileURLToPath(new URL('../results/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}${name}.md`, text)
  console.error(`Written to benchmarks/results/${name}.md`)
}
