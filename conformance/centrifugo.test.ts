import { conformanceSuite } from './suite/conformance-suite.ts'
import { centrifugo } from './targets/centrifugo.ts'

conformanceSuite(await centrifugo())
