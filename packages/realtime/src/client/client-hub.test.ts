import { describeClient } from '../testing/client-suite.ts'
import { startRealHub } from '../testing/real-servers.ts'

describeClient('the hub', {}, startRealHub)
