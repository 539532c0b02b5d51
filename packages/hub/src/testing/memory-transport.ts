import type { Core } from '../core.ts'
import type { Connection, Session } from '../session/session.ts'
import type { Wire } from '../wires/wire.ts'
import { wires } from '../wires/wires.ts'

/** A message as the client gets it. */
export type Message = Record<string, unknown>

/**
 * A peer in memory: what the hub writes is kept, what a test sends arrives at once. It reads everything right away
 * unless `stalled`.
 */
export class MemoryPeer implements Connection {
  /** One entry per write, each with the messages that left in it. */
  readonly writes: Message[][] = []
  closed: { code: number; reason: string } | undefined
  /** While true, nothing is taken from the queue. */
  stalled = false
  bytesQueued = 0
  paused = false
  readonly wire: Wire
  readonly isEmulated: boolean
  readonly session: Session

  constructor(core: Core, wire: Wire = wires.jsonStream, kind: Pick<Connection, 'isEmulated'> = {}) {
    this.wire = wire
    this.isEmulated = kind.isEmulated ?? false
    this.session = core.connect(this, {
      transport: 'websocket',
      protocol: 'json',
      headers: {},
      remoteAddress: '127.0.0.1',
      url: '/connection/websocket',
    })
  }

  /** Every message, in order of arrival. */
  get messages(): Message[] {
    return this.writes.flat()
  }

  /** The `data` of every publication that came in a channel. */
  publications(channel: string): unknown[] {
    return this.messages.flatMap((message) => {
      const push = message['push'] as { channel?: string; pub?: { data: unknown } } | undefined
      return push?.channel === channel && push.pub ? [push.pub.data] : []
    })
  }

  /** The answer to the command with this id. */
  reply(id: number): Message | undefined {
    return this.messages.find((message) => message['id'] === id)
  }

  /** Sends commands in one frame. */
  send(...commands: object[]): void {
    this.session.receive(commands.map((command) => JSON.stringify(command)).join('\n'))
  }

  write(batch: readonly Uint8Array[]): void {
    if (this.closed) throw new Error('written after Close')
    const bytes = Buffer.concat(batch)
    if (this.stalled) this.bytesQueued += bytes.byteLength
    const texts = bytes
      .toString('utf8')
      .split('\n')
      .filter((text) => text !== '')
    this.writes.push(texts.map((text) => JSON.parse(text) as Message))
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  close(code: number, reason: string): void {
    if (this.closed) throw new Error('closed twice')
    this.closed = { code, reason }
  }
}
