import { conformanceSuite } from './suite/conformance-suite.ts'
import { hub } from './targets/hub.ts'

conformanceSuite(hub)
