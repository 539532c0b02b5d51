import { describeDriver } from '../testing/driver-suite.ts'
import { startRealHub } from '../testing/real-servers.ts'

describeDriver('the hub', {}, startRealHub)
