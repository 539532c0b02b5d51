import { delivery } from './cases/delivery.ts'
import { recovery } from './cases/recovery.ts'
import { clientSuite } from './suite/client-suite.ts'
import { onTarget } from './suite/conformance-suite.ts'
import { selfSigned } from './support/self-signed.ts'
import { centrifugo } from './targets/centrifugo.ts'
import { hubTarget } from './targets/hub.ts'

const identity = selfSigned()

for (const target of [hubTarget('hub', undefined, identity), await centrifugo(identity)]) {
  onTarget({ ...target, name: `${target.name} over wss` }, () => clientSuite(target, [delivery, recovery]))
}
