/** `@backchannel/hub/config`: the hub's configuration, and what follows from it, without a hub. */
import { systemClock } from '../clock.ts'
import type { CheckedConfig } from './config.ts'
import { consoleLogger } from '../logger.ts'
import { Tokens } from '../tokens/tokens.ts'

export { checkConfig, ConfigError, configPaths, type CheckedConfig, type HubConfig } from './config.ts'
export { parseDuration } from './duration.ts'

/** Checks tokens as a hub with this configuration would. */
export function createTokens(config: CheckedConfig): Pick<Tokens, 'connection' | 'subscription'> {
  return new Tokens(config.client, systemClock, consoleLogger)
}
