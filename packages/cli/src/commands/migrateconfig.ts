import { Failure } from '../failure.ts'
import { convertV5 } from '../legacy/convert.ts'
import { isV5 } from '../legacy/recognise.ts'
import { readConfigFile } from '../load/load-config.ts'
import { formatOf, printConfig } from '../load/parse.ts'
import { isRecord } from '../load/values.ts'
import { writeNew } from './genconfig.ts'

/**
 * A flat configuration in v6's shape: written to a new file, in the format that its name says, or given back as text.
 * @throws Failure
 */
export function migrateconfig(file: string, output: string | undefined, warn: (line: string) => void): string {
  const raw = readConfigFile(file, true)
  if (!isRecord(raw) || !isV5(raw)) {
    throw new Failure('config', `${file}: this is no configuration of Centrifugo v5 or older`)
  }
  const { config, notes, unknown } = convertV5(raw)
  if (unknown.length > 0) {
    throw new Failure('config', [`${file}: not converted:`, ...unknown.map((name) => `  ${name}: unknown option`)])
  }
  for (const note of notes) warn(`${file}: ${note}`)
  if (output === undefined) return printConfig(config, formatOf(file))
  writeNew(output, printConfig(config, formatOf(output)))
  return ''
}
