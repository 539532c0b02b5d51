import type { Topic } from '../support/script.ts'
import { anonymous, namedOnly } from './anonymous.ts'
import { commands } from './commands.ts'
import { configurations } from './configurations.ts'
import { connectCommand } from './connect.ts'
import { frames } from './frames.ts'
import { handshake } from './handshake.ts'
import { expiry, lifetimes } from './lifetimes.ts'
import { limits } from './limits.ts'
import { presence } from './presence.ts'
import { publications } from './publications.ts'
import { serverApi } from './server-api.ts'
import { subscribing } from './subscribe.ts'
import { tokens } from './tokens.ts'

/** Every raw script. */
export const topics: readonly Topic[] = [
  // The ones that wait long come first.
  lifetimes,
  expiry,
  frames,
  handshake,
  connectCommand,
  tokens,
  commands,
  subscribing,
  publications,
  serverApi,
  presence,
  anonymous,
  namedOnly,
  limits,
  ...configurations,
]
