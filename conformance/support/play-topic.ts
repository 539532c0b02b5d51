import { suiteConfig } from '../config.ts'
import type { Target } from '../targets/target.ts'
import { type RunOptions, runScript } from './run-script.ts'
import type { Script, Topic } from './script.ts'

/** Scripts that run at the same time on one server: most of their life is waiting. */
const parallel = 16

/** By script: its conversation, or why it broke. */
export type TopicResult = Map<string, string[] | Error>

/** Plays these scripts of a topic on a server of their own. A script that breaks gives its error. */
export async function playTopic(
  target: Target,
  { config, scripts }: Topic,
  optionsOf: (script: Script) => RunOptions,
): Promise<TopicResult> {
  const server = await target.start(suiteConfig(config))
  const results: TopicResult = new Map()
  // The long ones first, so that they do not stand alone at the end.
  const queue = scripts
    .filter(({ needs }) => needs === undefined || target.capabilities.has(needs))
    .toSorted((a, b) => pauses(b) - pauses(a))
  const worker = async () => {
    for (let script = queue.shift(); script; script = queue.shift()) {
      const result = await runScript(server, script, optionsOf(script)).catch((error: unknown) =>
        error instanceof Error ? error : new Error(String(error)),
      )
      results.set(script.name, result)
    }
  }
  try {
    await Promise.all(Array.from({ length: parallel }, worker))
  } finally {
    await server.stop()
  }
  return results
}

const pauses = ({ steps }: Script) =>
  steps.reduce((sum, step) => sum + (step.do === 'pause' ? step.milliseconds : step.do === 'closed' ? 1 : 0), 0)
