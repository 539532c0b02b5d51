import type { EngineOptions } from '../engine-config.ts'
import { burst, type Mode, win1 } from '../modes.ts'
import { centrifugo } from '../peers/centrifugo.ts'
import { hub } from '../peers/hub.ts'
import type { Wire } from '../peers/peer.ts'
import { audienceStage, deliveryMetrics } from './delivery.ts'
import type { Scenario, Stage } from './scenario.ts'

function feature(
  name: string,
  title: string,
  what: { engine?: EngineOptions; wire?: Wire; payloadBytes?: number; modes?: readonly Mode[] },
): Stage {
  const { modes = [win1, burst], payloadBytes = 128, ...rest } = what
  const audience = { subscribers: 1000, payloadBytes, ...rest }
  return audienceStage([hub, centrifugo], modes, audience, { name, title }, { maxRounds: 3 })
}

const history = { history_size: 100, history_ttl: '600s' }

export const features: Scenario = {
  name: 'features',
  title: 'What features and transports cost',
  about: '1,000 subscribers of one channel, 128 bytes, as above, with one thing changed on both engines.',
  metrics: deliveryMetrics.filter(({ name }) => name === 'cpu' || name === 'rate'),
  stages: [
    feature('history', 'History of 100, recovery', { engine: { namespace: { ...history, force_recovery: true } } }),
    feature('delta', 'Deltas', {
      engine: {
        namespace: { ...history, force_positioning: true, allowed_delta_types: ['fossil'], delta_publish: true },
      },
      wire: 'centrifugo-delta',
    }),
    feature('protobuf', 'Protobuf', { wire: 'centrifugo-protobuf' }),
    // Bursts would be as many compressed messages each: a second of CPU for one.
    feature('deflate', 'Compression', {
      engine: { compression: true },
      wire: 'centrifugo-deflate',
      payloadBytes: 2048,
      modes: [win1],
    }),
    feature('http-stream', 'HTTP streaming', { wire: 'centrifugo-http-stream' }),
    feature('sse', 'SSE', { wire: 'centrifugo-sse' }),
  ],
}
