import { requireServices } from '@backchannel/servers'
import { describeClient } from '../testing/client-suite.ts'
import { startRealCentrifugo } from '../testing/real-servers.ts'

describeClient('Centrifugo', await requireServices('centrifugo'), startRealCentrifugo)
