import type { Carrier } from './emulated.ts'
import { encodeCommands } from './protobuf.ts'
import type { Script, Step, Topic } from './script.ts'

/** What carries a script's commands. */
export type Way = 'websocket' | 'websocket protobuf' | Carrier

const furtherWays = ['websocket protobuf', 'http_stream', 'http_stream protobuf', 'sse'] as const

/** What a script is called when it goes this way: the name of its test and of its recording. */
export const nameOver = (way: Way, name: string): string => (way === 'websocket' ? name : `${name} (over ${way})`)

/** What makes a script one about WebSocket itself. */
const isAboutWebSocket = (step: Step): boolean =>
  step.do === 'bytes' || step.do === 'stream' || (step.do === 'open' && Object.keys(step.options).length > 0)

const talks = new Set<Step['do']>(['open', 'send', 'receive', 'settle', 'closed'])

/** Whether Protobuf has words for all of it. Tokens are strings there as here. */
const isSayable = (step: Step): boolean => step.do !== 'send' || encodeCommands(step.text) !== undefined

/** The ways on which a script means the same. */
export function waysOf({ isEverywhere }: Topic, script: Script): readonly Way[] {
  const { steps } = script
  if (!isEverywhere || script.isAboutWebSocket || steps.some(isAboutWebSocket)) return ['websocket']
  const first = steps.find((step) => talks.has(step.do))
  if (first === undefined) return ['websocket']
  const needsSocket = first.do !== 'send' && first.do !== 'open'
  return [
    'websocket',
    ...furtherWays.filter(
      (way) => (way === 'websocket protobuf' || !needsSocket) && (!way.endsWith('protobuf') || steps.every(isSayable)),
    ),
  ]
}
