import type { ServerConfig } from '../config.ts'
import type { Stage } from '../support/stage.ts'
import type { Capability, Target } from '../targets/target.ts'

/** What a server must do, said with the official client and the server API. */
export interface Case {
  name: string
  run(stage: Stage, target: Target): Promise<void>
  needs?: Capability
}

/** Cases that share a server. */
export interface Area {
  name: string
  /** Changes to the suite's configuration. */
  config?: ServerConfig
  cases: readonly Case[]
}
