import { manyChannels, personalChannels } from './channels.ts'
import { connect, idle } from './connections.ts'
import { fanOut } from './fan-out.ts'
import { features } from './features.ts'
import { channelGrowth, channelMemory, subscriberGrowth } from './growth.ts'
import { inProcess } from './in-process.ts'
import { pages } from './pages.ts'
import { httpPublish } from './publish.ts'
import { recovery } from './recovery.ts'
import type { Scenario } from './scenario.ts'

export const scenarios: readonly Scenario[] = [
  fanOut,
  features,
  manyChannels,
  personalChannels,
  idle,
  connect,
  httpPublish,
  inProcess,
  recovery,
  pages,
  subscriberGrowth,
  channelGrowth,
  channelMemory,
]
