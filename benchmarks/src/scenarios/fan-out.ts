import { burst, seq, shortBurst, win1, win8 } from '../modes.ts'
import { centrifugo, centrifugoProtobuf } from '../peers/centrifugo.ts'
import { floor } from '../peers/floor.ts'
import { hub } from '../peers/hub.ts'
import { crossws, wsNaive, wsShared } from '../peers/plain.ts'
import { socketIo } from '../peers/socket-io.ts'
import { audienceStage, deliveryMetrics } from './delivery.ts'
import type { Scenario } from './scenario.ts'

/** Those that are asked at other sizes, too: the engines that are chosen between, the control and the floor. */
const main = [hub, centrifugo, socketIo, wsShared, floor]

const sizeOf = (subscribers: number, payloadBytes: number) => ({
  name: `${subscribers}-${payloadBytes}`,
  title: `${subscribers.toLocaleString('en')} subscribers, ${payloadBytes.toLocaleString('en')} bytes`,
})

export const fanOut: Scenario = {
  name: 'fan-out',
  title: 'Fan-out of one channel',
  about:
    'Everybody hears one channel. A publish comes over HTTP; the next one is sent when the last has been answered and heard by all, or eight of them are outstanding, or they come at fixed times. Bursts are made in process within one tick, by Centrifugo as one batch.',
  metrics: deliveryMetrics,
  stages: [
    audienceStage(
      [hub, centrifugo, centrifugoProtobuf, socketIo, wsNaive, wsShared, crossws, floor],
      [win1, win8, burst, seq],
      { subscribers: 1000, payloadBytes: 128 },
      sizeOf(1000, 128),
    ),
    audienceStage(main, [win1, burst, seq], { subscribers: 100, payloadBytes: 128 }, sizeOf(100, 128), {
      maxRounds: 3,
    }),
    audienceStage(main, [win1, shortBurst, seq], { subscribers: 5000, payloadBytes: 128 }, sizeOf(5000, 128), {
      maxRounds: 3,
    }),
    audienceStage(main, [win1, shortBurst], { subscribers: 1000, payloadBytes: 2048 }, sizeOf(1000, 2048), {
      maxRounds: 3,
    }),
  ],
}
