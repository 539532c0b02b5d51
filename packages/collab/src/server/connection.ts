/** One WebSocket in one room: messages in, messages out, and the bounds of both. */
import type { WebSocket } from 'ws'
import { closeReasons, type CloseReason } from './close-codes.ts'
import { deniedMessage, readMessage, signOfLife } from './messages.ts'
import type { Guest, Room } from './room.ts'

export type Access = 'read' | 'write'

export class Connection implements Guest {
  readonly #socket: WebSocket
  readonly #access: Access
  readonly #maxBufferedBytes: number
  #room: Room | undefined
  #hasAnswered = true
  /** Buffered when the last heartbeat was due. */
  #lastBuffered = 0
  /** The document on its way to this client, in bytes: it may be larger than what may wait otherwise. */
  #answerBytes = 0
  #isAnswering = false
  /** Asked for while an answer was on its way. */
  #nextQuestion: Uint8Array | undefined

  constructor(socket: WebSocket, access: Access, maxBufferedBytes: number) {
    this.#socket = socket
    this.#access = access
    this.#maxBufferedBytes = maxBufferedBytes
    socket.on('pong', () => (this.#hasAnswered = true))
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
    if (this.#socket.bufferedAmount - this.#answerBytes > this.#maxBufferedBytes) this.#socket.terminate()
    else this.#socket.send(message)
  }

  answer(message: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    this.#answerBytes = message.byteLength
    this.#socket.send(message, () => {
      this.#answerBytes = 0
      this.#isAnswering = false
      const question = this.#nextQuestion
      this.#nextQuestion = undefined
      const room = this.#room
      if (question && room && !room.isClosed) this.#ask(room, question)
    })
  }

  close({ code, reason }: CloseReason): void {
    this.#room?.leave(this)
    // A close that the other side has to answer is not heard by a socket that is not read.
    this.#socket.resume()
    this.#socket.close(code, reason)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** The socket is gone. */
  gone(): void {
    this.#room?.leave(this)
  }

  /** Drops a socket of which nothing was heard, and which has taken nothing, since the last time. */
  beat(): void {
    const buffered = this.#socket.bufferedAmount
    if (!this.#hasAnswered && !(buffered < this.#lastBuffered) && !this.#socket.isPaused) {
      this.#socket.terminate()
      return
    }
    this.#lastBuffered = buffered
    this.#hasAnswered = false
    this.#socket.ping()
    this.send(signOfLife)
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
        this.#ask(room, message.stateVector)
        return undefined
      case 'update':
        if (this.#access === 'write') return room.receive(this, message.update)
        this.send(deniedMessage('read-only'))
        return undefined
      case 'awareness':
        room.say(this, message.update)
        return undefined
      case 'query-awareness':
        room.tellPresence(this)
        return undefined
    }
  }

  /** One answer at a time: each may be the whole document. */
  #ask(room: Room, stateVector: Uint8Array): void {
    if (this.#isAnswering) {
      this.#nextQuestion = stateVector
      return
    }
    room.answer(this, stateVector)
    this.#isAnswering = true
  }
}
