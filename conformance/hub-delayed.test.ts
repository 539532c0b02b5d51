import { conformanceSuite } from './suite/conformance-suite.ts'
import { hubDelayed } from './targets/hub-delayed.ts'

conformanceSuite(hubDelayed)
