import { requireServices } from '@backchannel/servers'
import { describeDriver } from '../testing/driver-suite.ts'
import { startRealCentrifugo } from '../testing/real-servers.ts'
import { describeServerApi } from '../testing/server-api-suite.ts'

const options = await requireServices('centrifugo')

describeDriver('Centrifugo', options, startRealCentrifugo)
describeServerApi('Centrifugo', options, startRealCentrifugo)
