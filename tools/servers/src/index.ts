export { type Availability, findProgram, isExecutable } from './availability.ts'
export {
  type CentrifugoOptions,
  type CentrifugoServer,
  startCentrifugo,
  withoutCentrifugoVariables,
} from './centrifugo.ts'
export { centrifugoAvailable, centrifugoBinary, centrifugoMajorVersion } from './centrifugo-binary.ts'
export { type CentrifugoConfig, toCentrifugoV5 } from './centrifugo-v5.ts'
export { chromiumAvailable, findChromium } from './chromium.ts'
export { freePort } from './free-port.ts'
export { startGuard } from './guard.ts'
export { madeOnce } from './made-once.ts'
export { pgliteData } from './pglite-data.ts'
export { type PostgresOptions, postgresAvailable, type PostgresServer, startPostgres } from './postgres.ts'
export { redisAvailable, type RedisOptions, type RedisServer, startRedis } from './redis.ts'
export { missingServices, requireServices, type ServiceName, servicesAreRequired } from './require-services.ts'
export type { RunningServer } from './server-process.ts'
