/** `@backchannel/hub/config`: the hub's configuration without a hub. */
export { checkConfig, ConfigError, configPaths, type CheckedConfig, type HubConfig } from '../config.ts'
export { parseDuration } from '../duration.ts'
