import { signToken, type ConnectionTokenClaims, type SubscriptionTokenClaims } from '@backchannel/protocol/token'
import type { Broker } from '../broker/broker.ts'
import { checkConfig, type HubConfig } from '../config/config.ts'
import { Core } from '../core.ts'
import type { HubHandlers } from '../handlers.ts'
import type { Logger } from '../logger.ts'
import { MemoryBroker } from '../broker/memory-broker.ts'
import { MemoryPresence, type PresenceStore } from '../broker/presence.ts'
import type { Wire } from '../wires/wire.ts'
import { MemoryPeer } from './memory-transport.ts'
import { TestClock } from './test-clock.ts'

/** Never a real one. */
const tokenKey = 'test-token-key'

const testConfig: HubConfig = {
  client: { token: { hmac_secret_key: tokenKey } },
  channel: {
    namespaces: [
      { name: 'open', allow_subscribe_for_client: true, allow_publish_for_client: true },
      {
        name: 'kept',
        allow_subscribe_for_client: true,
        allow_publish_for_client: true,
        allow_history_for_client: true,
        history_size: 10,
        history_ttl: '300s',
        force_recovery: true,
      },
      { name: 'closed' },
    ],
  },
}

/** The core of a hub without sockets, on a clock of its own. */
export interface TestHub {
  readonly core: Core
  readonly clock: TestClock
  readonly log: { level: string; message: string; fields: object }[]
  /** A peer that has sent nothing yet. */
  peer(wire?: Wire): MemoryPeer
  /** A peer that has connected as this user; its connect answer is already out. */
  connected(user?: string, wire?: Wire): MemoryPeer
  token(claims: ConnectionTokenClaims | SubscriptionTokenClaims): string
  /** Ends everything. @throws Error when something is left: sessions, channels, alarms, timers */
  close(): void
}

export function createTestHub(
  options: { config?: HubConfig; handlers?: HubHandlers; broker?: Broker; presence?: PresenceStore } = {},
): TestHub {
  const clock = new TestClock()
  const log: TestHub['log'] = []
  const write =
    (level: string): Logger['info'] =>
    (fields, message) => {
      log.push({ level, message, fields })
    }
  const core = new Core({
    config: checkConfig({ ...testConfig, ...options.config }),
    handlers: options.handlers ?? {},
    logger: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    clock,
    broker: options.broker ?? new MemoryBroker(clock),
    presence: options.presence ?? new MemoryPresence(),
  })
  const hub: TestHub = {
    core,
    clock,
    log,
    peer: (wire) => new MemoryPeer(core, wire),
    connected: (user = 'alice', wire) => {
      const peer = hub.peer(wire)
      peer.send({ id: 1, connect: { token: hub.token({ sub: user }) } })
      clock.tick()
      return peer
    },
    token: (claims) => signToken(claims, tokenKey),
    close: () => {
      core.shutdown()
      void core.close()
      const left = {
        sessions: core.registry.sessionCount,
        users: core.registry.userCount,
        channels: core.registry.channelCount,
        waiting: core.flusher.waiting,
        alarms: core.keepalive.size,
        timers: clock.pending,
      }
      if (Object.values(left).some((count) => count > 0)) throw new Error(`left behind: ${JSON.stringify(left)}`)
    },
  }
  return hub
}
