/** One WebSocket in one room: messages in, messages out, and the bounds of both. */
import type { WebSocket } from 'ws'
import { closeReasons, type CloseReason } from './close-codes.ts'
import { deniedMessage, readMessage, signOfLife } from './messages.ts'
import type { Guest, Room } from './room.ts'

export type Access = 'read' | 'write'

/** Names, colours and cursors of a client and the others that it repeats. */
const maxPresenceBytes = 64 * 1024

export class Connection implements Guest {
  readonly #socket: WebSocket
  readonly #access: Access
  readonly #maxBufferedBytes: number
  #room: Room | undefined
  #isAlive = true

  constructor(socket: WebSocket, access: Access, maxBufferedBytes: number) {
    this.#socket = socket
    this.#access = access
    this.#maxBufferedBytes = maxBufferedBytes
    socket.on('pong', () => (this.#isAlive = true))
    // A broken frame, or one that is too large: the library closes, and `close` follows.
    socket.on('error', () => {})
  }

  /** Reads from now on. */
  begin(room: Room): void {
    this.#room = room
    this.#socket.on('message', (data: Buffer, isBinary: boolean) => this.#read(data, isBinary))
    if (this.#access === 'read') this.send(deniedMessage('read-only'))
    room.enter(this, this.#access === 'write')
  }

  send(message: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    // What is lost to it is still in the document: it comes back and asks.
    if (this.#socket.bufferedAmount > this.#maxBufferedBytes) {
      this.close(closeReasons.slow)
      this.#socket.terminate()
    } else this.#socket.send(message)
  }

  close({ code, reason }: CloseReason): void {
    this.#room?.leave(this)
    this.#socket.close(code, reason)
  }

  /** The socket is gone. */
  gone(): void {
    this.#room?.leave(this)
  }

  /** @returns whether the other side has answered since the last time */
  beat(): boolean {
    if (!this.#isAlive) {
      this.#socket.terminate()
      return false
    }
    this.#isAlive = false
    this.#socket.ping()
    this.send(signOfLife)
    return true
  }

  #read(data: Buffer, isBinary: boolean): void {
    const room = this.#room
    // After a close the library still gives what it had read.
    if (!room || room.isClosed || this.#socket.readyState !== this.#socket.OPEN) return
    let refusal: CloseReason | undefined
    try {
      refusal = isBinary ? this.#handle(room, data) : closeReasons.brokenMessage
    } catch {
      refusal = closeReasons.brokenMessage
    }
    if (refusal) this.close(refusal)
  }

  #handle(room: Room, data: Buffer): CloseReason | undefined {
    const message = readMessage(data)
    switch (message.type) {
      case 'ask':
        room.answer(this, message.stateVector)
        return undefined
      case 'update':
        if (this.#access === 'write') return room.receive(this, message.update)
        this.send(deniedMessage('read-only'))
        return undefined
      case 'awareness':
        if (message.update.byteLength > maxPresenceBytes) return closeReasons.presenceTooLarge
        room.say(this, message.update)
        return undefined
      case 'query-awareness':
        room.tellPresence(this)
        return undefined
    }
  }
}
