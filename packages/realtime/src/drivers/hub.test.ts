import { describeDriver } from '../testing/driver-suite.ts'
import { startRealHub } from '../testing/real-servers.ts'
import { describeServerApi } from '../testing/server-api-suite.ts'

describeDriver('the hub', {}, startRealHub)
describeServerApi('the hub', {}, startRealHub)
