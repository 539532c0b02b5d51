/** What connections send and are sent, counted under the names that Centrifugo gives the messages. */
import type { Command, Push, Reply } from '@backchannel/protocol'
import type { Counters } from './counters.ts'
import type { Frame } from '../wires/wire.ts'

/** A command's name as the metrics have it. */
export function frameType(kind: string): string {
  if (kind === 'presenceStats') return 'presence_stats'
  return kind === 'subRefresh' ? 'sub_refresh' : kind
}

export function countReceived(counters: Counters, transport: string, { kind }: Command, command: Frame): void {
  const type = frameType(kind)
  counters.received.add(1, type, transport)
  counters.receivedBytes.add(Buffer.byteLength(command), type, transport)
}

/** An error is counted with its command, which the reply doesn't name. */
export function countReply({ sent }: Counters, transport: string, reply: Reply): void {
  if ('error' in reply) return
  const [kind = 'unknown'] = Object.keys(reply).filter((name) => name !== 'id')
  sent.add(1, frameType(kind), transport)
}

export function countPush({ sent }: Counters, transport: string, push: Push): void {
  const [kind = 'unknown'] = Object.keys(push).filter((name) => name !== 'channel')
  sent.add(1, `push_${kind === 'pub' ? 'publication' : kind}`, transport)
}
