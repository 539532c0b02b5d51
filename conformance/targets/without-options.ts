import type { ServerConfig } from '../config.ts'

/** The configuration without these options, wherever they stand. */
export function withoutOptions(config: ServerConfig, names: readonly string[]): ServerConfig {
  return JSON.parse(
    JSON.stringify(config, (key, value: unknown) => (names.includes(key) ? undefined : value)),
  ) as ServerConfig
}
