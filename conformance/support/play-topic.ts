import { type ServerConfig, suiteConfig } from '../config.ts'
import type { Target } from '../targets/target.ts'
import { Backend } from './backend.ts'
import { type RunOptions, runScript } from './run-script.ts'
import type { Script, Topic } from './script.ts'
import { type Way, nameOver, waysOf } from './ways.ts'

/** Scripts that run at the same time on one server: most of their life is waiting. */
const parallel = 16

/** By script and way (`nameOver`): its conversation, or why it broke. */
export type TopicResult = Map<string, string[] | Error>

/**
 * Plays the scripts of a topic on a server of their own, over each of their ways that `isPlayed`.
 * A script that breaks gives its error.
 */
export async function playTopic(
  target: Target,
  topic: Topic,
  optionsOf: (script: Script, way: Way) => RunOptions,
  isPlayed: (way: Way) => boolean = () => true,
): Promise<TopicResult> {
  const { config, scripts } = topic
  const backend = JSON.stringify(config ?? {}).includes('$BACKEND') ? await Backend.start() : undefined
  const server = await target.start(suiteConfig(config && backend ? withBackend(config, backend) : config))
  const results: TopicResult = new Map()
  // The long ones first, so that they do not stand alone at the end.
  const queue = scripts
    .toSorted((a, b) => pauses(b) - pauses(a))
    .flatMap((script) => waysOf(topic, script).map((way) => ({ script, way })))
    .filter(({ way }) => isPlayed(way))
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { script, way } = next
      const result = await runScript(server, script, { ...optionsOf(script, way), way }).catch((error: unknown) =>
        error instanceof Error ? error : new Error(String(error)),
      )
      results.set(nameOver(way, script.name), result)
    }
  }
  try {
    await Promise.all(Array.from({ length: parallel }, worker))
  } finally {
    await server.stop()
    await backend?.stop()
  }
  return results
}

const withBackend = (config: ServerConfig, { url }: Backend): ServerConfig =>
  JSON.parse(JSON.stringify(config).replaceAll('$BACKEND', url)) as ServerConfig

const pauses = ({ steps }: Script) =>
  steps.reduce((sum, step) => sum + (step.do === 'pause' ? step.milliseconds : step.do === 'closed' ? 1 : 0), 0)
