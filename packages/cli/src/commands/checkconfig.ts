import { Failure } from '../failure.ts'
import { loadConfig, type Sources } from '../load/load-config.ts'

/** Says nothing of a configuration that is in order. @throws Failure */
export function checkconfig(sources: Sources, isStrict: boolean, warn: (line: string) => void): void {
  const { warnings } = loadConfig({ ...sources, isExplicit: true })
  if (isStrict && warnings.length > 0) {
    const lines = warnings.map((line) => `  ${line}`)
    throw new Failure('config', [`${sources.file}: the configuration has warnings:`, ...lines])
  }
  for (const warning of warnings) warn(`${sources.file}: ${warning}`)
}
