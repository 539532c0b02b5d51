import { conformanceSuite } from './suite/conformance-suite.ts'
import { hubDelayed } from './targets/hub-delayed.ts'

// What stores that answer late bring about is the same on all transports.
conformanceSuite(hubDelayed, (way) => way === 'websocket')
