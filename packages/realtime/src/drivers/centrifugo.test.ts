import { requireServices } from '@backchannel/servers'
import { describeDriver } from '../testing/driver-suite.ts'
import { startRealCentrifugo } from '../testing/real-servers.ts'

describeDriver('Centrifugo', await requireServices('centrifugo'), startRealCentrifugo)
