import type { Topic } from '../support/script.ts'
import { anonymous, namedOnly } from './anonymous.ts'
import { autoCacheRecovery, cacheRecovery } from './cache-recovery.ts'
import { claimOptions, claims } from './claims.ts'
import { commands } from './commands.ts'
import { configurations } from './configurations.ts'
import { connectProxy } from './connect-proxy.ts'
import { connectCommand } from './connect.ts'
import { credentials } from './credentials.ts'
import { delta } from './delta.ts'
import { frames } from './frames.ts'
import { handshake } from './handshake.ts'
import { joinLeave } from './join-leave.ts'
import { expiry, lifetimes } from './lifetimes.ts'
import { limits } from './limits.ts'
import { presence } from './presence.ts'
import { publicKeys } from './public-keys.ts'
import { publications } from './publications.ts'
import { publishProxy } from './publish-proxy.ts'
import { refreshProxy } from './refresh-proxy.ts'
import { rpcPing, rpcProxy } from './rpc-proxy.ts'
import { serverApi } from './server-api.ts'
import { streamPings, streams } from './streams.ts'
import { subscribeProxy } from './subscribe-proxy.ts'
import { subscribing } from './subscribe.ts'
import { tagsFilter } from './tags-filter.ts'
import { tokens } from './tokens.ts'
import { unidirectional, unidirectionalOptions, unidirectionalPings } from './unidirectional.ts'

/** Every raw script. */
export const topics: readonly Topic[] = [
  // The ones that wait long come first.
  lifetimes,
  expiry,
  refreshProxy,
  connectProxy,
  subscribeProxy,
  publishProxy,
  rpcProxy,
  streamPings,
  unidirectionalPings,
  streams,
  unidirectional,
  frames,
  handshake,
  connectCommand,
  tokens,
  commands,
  subscribing,
  publications,
  delta,
  tagsFilter,
  joinLeave,
  cacheRecovery,
  autoCacheRecovery,
  claims,
  serverApi,
  presence,
  anonymous,
  namedOnly,
  limits,
  rpcPing,
  ...configurations,
  ...credentials,
  ...unidirectionalOptions,
  ...claimOptions,
  ...publicKeys,
]
