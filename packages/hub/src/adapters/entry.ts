/** `@backchannel/hub/node`: what stands beside the hub on one server admits upgrades and reports like it. */
export { consoleLogger, guardLogger, type Logger } from '../logger.ts'
export { isFromAllowedPage, refuse } from './http.ts'
export type { OriginRules } from './origins.ts'
export { checkNames, checkOrigins } from '../events/settings.ts'
