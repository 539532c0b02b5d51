import { delivery } from './cases/delivery.ts'
import { features, filtered } from './cases/features.ts'
import { clientSuite } from './suite/client-suite.ts'
import { onTarget } from './suite/conformance-suite.ts'
import { centrifugo } from './targets/centrifugo.ts'
import { hub } from './targets/hub.ts'

// The client's own list of transports, with both of its codecs.
for (const target of [hub, await centrifugo()]) {
  onTarget({ ...target, name: `${target.name}, further transports` }, () => {
    for (const way of ['websocket protobuf', 'http_stream', 'http_stream protobuf', 'sse', 'fallback'] as const) {
      // What the cases of `delivery` publish and expect is JSON.
      clientSuite(target, way.endsWith('protobuf') ? [features, filtered] : [delivery, features, filtered], way)
    }
  })
}
