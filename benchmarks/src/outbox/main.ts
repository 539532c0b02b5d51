import { parseArgs } from 'node:util'
import { createHub } from '@backchannel/hub'
import { serverApi } from '@backchannel/realtime'
import { centrifugoAvailable, postgresAvailable, startCentrifugo, startPostgres } from '@backchannel/servers'
import { type KillReport, runKills } from '../../../packages/outbox/src/testing/kills/run.ts'
import { machineFacts } from '../machine.ts'
import { spreadOf } from '../stats.ts'
import { type BenchDatabase, measureLatency, measureThroughput, openPglite, openPostgres } from './measure.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, kills: { type: 'string' } } })
const available = await postgresAvailable()
if (!available.ok) {
  console.error(`The benchmark can't run here: ${available.reason}.`)
  process.exit(1)
}
console.log(`${machineFacts()}, ${new Date().toISOString().slice(0, 10)}`)
const postgres = await startPostgres()
try {
  if (values.kills === undefined) await figures(values.quick ?? false)
  else await kills(Number(values.kills))
} finally {
  await postgres.stop()
}

async function figures(quick: boolean): Promise<void> {
  const plan = quick ? { latencies: 20, rows: 500, rounds: 1 } : { latencies: 500, rows: 5_000, rounds: 5 }
  console.log(`Postgres on the same machine, not waiting for its disk. Rows of 0.3 KB; batches of 100.\n`)
  console.log(`| from the commit to the engine, ${plan.latencies} of each | p50 | p99 |\n| --- | --- | --- |`)
  const open = {
    Postgres: async () => openPostgres(await postgres.createDatabase()),
    PGlite: openPglite,
  }
  for (const [name, opened] of Object.entries(open)) {
    for (const listen of [true, false]) {
      const database = await opened()
      // By polling each takes a third of a second, and fewer of them say the same.
      const delays = await measureLatency(database, listen ? plan.latencies : plan.latencies / 5, { listen })
      await database.end()
      const at = (share: number) => `${delays[Math.floor((delays.length - 1) * share)]?.toFixed(1)} ms`
      console.log(`| ${name}, ${listen ? 'LISTEN/NOTIFY' : 'polling every 300 ms'} | ${at(0.5)} | ${at(0.99)} |`)
    }
  }

  console.log(`\n| rows a second, ${plan.rows} waiting, medians of ${plan.rounds} | 1 partition | 8 partitions |`)
  console.log('| --- | --- | --- |')
  const row = async (name: string, opened: () => Promise<BenchDatabase>) => {
    const cells = []
    for (const partitions of [1, 8]) {
      const rates = []
      for (let round = 0; round < plan.rounds; round++) {
        const database = await opened()
        rates.push(await measureThroughput(database, serverApi(), { rows: plan.rows, partitions }))
        await database.end()
      }
      const { median, min, max } = spreadOf(rates)
      cells.push(`${Math.round(median)} (${Math.round(min)}–${Math.round(max)})`)
    }
    console.log(`| ${name} | ${cells.join(' | ')} |`)
  }
  const hub = createHub({ config: { channel: { namespaces: [{ name: 'room' }] } } })
  await row('Postgres, hub in the process', open.Postgres)
  await row('PGlite, hub in the process', open.PGlite)
  await hub.close()
  const real = await centrifugoAvailable()
  if (!real.ok) {
    console.log(`\nNot beside Centrifugo: ${real.reason}.`)
    return
  }
  const centrifugo = await startCentrifugo({
    config: { http_api: { key: 'bench' }, channel: { namespaces: [{ name: 'room' }] } },
  })
  process.env['CENTRIFUGO_TOKEN_HMAC_SECRET'] = 'unused'
  process.env['CENTRIFUGO_API_KEY'] = 'bench'
  process.env['CENTRIFUGO_API_URL'] = centrifugo.apiUrl
  await row('Postgres, Centrifugo over HTTP', open.Postgres)
  await centrifugo.stop()
}

async function kills(count: number): Promise<void> {
  if (!Number.isInteger(count) || count < 1) {
    console.error('--kills takes a number')
    process.exitCode = 2
    return
  }
  console.log('\n| hub | kills | committed | heard | missing | never committed | heard again | out of order |')
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |')
  const reports: KillReport[] = []
  for (const hub of ['lives on', 'is killed too'] as const) {
    const report = await runKills(await postgres.createDatabase(), hub, count)
    reports.push(report)
    const { committed, heard, missing, phantoms, repeated, disordered } = report
    console.log(`| ${[hub, count, committed, heard, missing, phantoms, repeated, disordered].join(' | ')} |`)
  }
  console.log(`\nWhere: ${JSON.stringify(reports[0]?.points)}`)
  const isWrong = reports.some(({ missing, phantoms, disordered }) => missing + phantoms + disordered > 0)
  if (isWrong || reports[0]?.repeated !== 0) process.exitCode = 1
}
