/** One upgrade on its way through the app. */
import { ServerResponse, type IncomingMessage, type Server as HttpServer } from 'node:http'
import type { Http2SecureServer, Http2Server } from 'node:http2'
import type { Server as HttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { systemClock } from '../clock.ts'
import { pendingUpgrades, upgradeHeader, type PendingUpgrade, type UpgradeLimits } from '../events/upgrade-slot.ts'
import { claim, isClaimed } from './claim.ts'
import { shakeHands } from './handshake.ts'
import { refuse } from './http.ts'

/** What a framework gives for its server. Over HTTP/2 alone no upgrade ever comes: it needs `allowHTTP1`. */
export type UpgradeServer = HttpServer | HttpsServer | Http2Server | Http2SecureServer

export interface UpgradeRequest {
  readonly server: UpgradeServer
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  /** Whether the socket may be somebody else's. */
  readonly hasOthers: () => boolean
  /** Any other protocol is one that the server does not speak: the request is an ordinary one. */
  readonly isWebSocket: boolean
}

interface Acceptance {
  readonly open: Parameters<PendingUpgrade['accept']>[0]
  readonly abandoned: () => void
  readonly limits: UpgradeLimits
}

/** The head of an answer. */
interface Head {
  readonly status: number
  readonly fields: readonly { readonly name: string; readonly value: string }[]
}

const endOfHead = '\r\n\r\n'

/**
 * `asking` the app → `answering` over HTTP, `accepted`, or `left` to the server's other listeners → `over`.
 */
export class Upgrade {
  readonly #upgrade: UpgradeRequest
  readonly #id = crypto.randomUUID()
  #state: 'asking' | 'answering' | 'accepted' | 'left' | 'over' = 'asking'
  #acceptance: Acceptance | undefined
  #head: Head | undefined
  /** What the app has written of a head that is not complete. */
  #held = Buffer.alloc(0)
  #answer: AnswerSocket | undefined
  #cancelTimer: () => void = () => {}

  constructor(upgrade: UpgradeRequest) {
    this.#upgrade = upgrade
  }

  begin(answerTimeout: number): void {
    // Node has let go of the socket: without a listener an error would end the process.
    this.#upgrade.socket.on('error', this.#onGone).on('end', this.#onEnd).on('close', this.#onGone)
    // Those who know at once what is theirs have taken it by then.
    process.nextTick(() => this.#ask(answerTimeout))
  }

  #ask(answerTimeout: number): void {
    const { server, request, socket, isWebSocket } = this.#upgrade
    if (this.#isTaken || isClaimed(socket)) {
      this.#release()
      return
    }
    claim(socket)
    if (isWebSocket) {
      this.#cancelTimer = systemClock.setTimer(() => this.#onTimeout(), answerTimeout)
      nameUpgrade(request, this.#id)
      pendingUpgrades().set(this.#id, {
        accept: (open, abandoned, limits) => this.#accept({ open, abandoned, limits }),
      })
    }
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    this.#answer = new AnswerSocket(socket, (bytes, done) => this.#take(bytes, done))
    // The time for an answer is limited already.
    response.setTimeout = () => response
    response.assignSocket(this.#answer as unknown as Socket)
    response.once('finish', () => this.#onFinish())
    response.once('close', () => this.#onDropped(response))
    try {
      const isHeard = server.emit('request', request, response)
      if (!isHeard) response.writeHead(404).end()
    } catch (error) {
      this.#refuse(500, 'Internal Server Error')
      // As with every request: the app's matter.
      throw error
    }
  }

  #accept(acceptance: Acceptance): void {
    // The last one counts, and none that comes too late.
    if (this.#state === 'asking') [acceptance, this.#acceptance] = [this.#acceptance ?? acceptance, acceptance]
    if (acceptance !== this.#acceptance) acceptance.abandoned()
  }

  /** Whether somebody else reads from the socket, or has ended it. */
  get #isTaken(): boolean {
    const { socket } = this.#upgrade
    return socket.readableFlowing !== null || socket.writableEnded || socket.destroyed
  }

  /** What the app writes: the client's only when it is known to be. */
  #take(bytes: Buffer, done: () => void): void {
    if (this.#state === 'asking') {
      this.#held = Buffer.concat([this.#held, bytes])
      this.#readHead()
      // It may have been decided now.
      if (this.#state !== ('answering' as string)) done()
      else this.#upgrade.socket.write(this.#held, () => done())
    } else if (this.#state === 'answering') this.#upgrade.socket.write(bytes, () => done())
    else done()
  }

  #readHead(): void {
    const length = this.#held.indexOf(endOfHead)
    if (length < 0) return
    const head = headOf(this.#held.toString('latin1', 0, length))
    if (head.status >= 200) this.#decide(head)
    else {
      // An interim answer, which nobody needs.
      this.#held = this.#held.subarray(length + endOfHead.length)
      this.#readHead()
    }
  }

  #decide(head: Head): void {
    const isOurs =
      head.status < 300 && head.fields.some(({ name, value }) => name === upgradeHeader && value === this.#id)
    const isUnknown = head.status === 404 || head.status < 400
    if (this.#isTaken) this.#refuse()
    else if (isOurs && this.#acceptance) {
      this.#head = head
      this.#settle('accepted')
    } else if (!isOurs && isUnknown && this.#upgrade.hasOthers()) this.#settle('left')
    else this.#settle('answering')
  }

  #settle(state: 'answering' | 'accepted' | 'left' | 'over'): void {
    this.#state = state
    pendingUpgrades().delete(this.#id)
    if (state === 'accepted') return
    this.#acceptance?.abandoned()
    this.#acceptance = undefined
  }

  /** The app's answer is complete. */
  #onFinish(): void {
    const { socket, request } = this.#upgrade
    if (this.#state === 'answering') {
      socket.end(() => socket.destroy())
      return
    }
    const acceptance = this.#acceptance
    if (this.#state !== 'accepted' || !acceptance || !this.#head) return
    this.#acceptance = undefined
    this.#release()
    // What tidies up behind a request would take the connection with it.
    request.destroy = () => request
    this.#settle('over')
    this.#answer?.destroy()
    if (socket.destroyed) acceptance.abandoned()
    else shakeHands(this.#upgrade, this.#head.fields, acceptance)
  }

  /** The app has let its answer go before it was complete. */
  #onDropped(response: ServerResponse): void {
    if (response.writableFinished || this.#state === 'left' || this.#state === 'over') return
    this.#upgrade.socket.destroy()
  }

  #onTimeout(): void {
    if (this.#state === 'answering') this.#upgrade.socket.destroy()
    else if (this.#state === 'left') this.#refuse(404, 'Not Found')
    else this.#refuse(503, 'Service Unavailable', 'The app did not answer\n')
  }

  readonly #onEnd = (): void => {
    if (this.#state !== 'answering' && !this.#isTaken) this.#upgrade.socket.destroy()
  }

  readonly #onGone = (): void => {
    const { request, socket } = this.#upgrade
    const wasAsking = this.#state === 'asking'
    this.#refuse()
    socket.destroy()
    if (wasAsking) request.destroy()
  }

  /** Waits no longer, and tells the client why if the socket is not somebody else's. */
  #refuse(status?: number, text = '', body?: string): void {
    const isFree = !this.#isTaken
    this.#release()
    this.#settle('over')
    this.#answer?.destroy()
    if (status !== undefined && isFree) refuse(this.#upgrade.socket, status, text, body)
  }

  #release(): void {
    this.#cancelTimer()
    this.#upgrade.socket.off('error', this.#onGone).off('end', this.#onEnd).off('close', this.#onGone)
  }
}

/** Stands in for the connection under the app's response: what is written to it is looked at first. */
class AnswerSocket extends Duplex {
  readonly #socket: Duplex & { readonly remoteAddress?: string; readonly encrypted?: boolean }
  readonly #take: (bytes: Buffer, done: () => void) => void

  constructor(socket: Duplex, take: (bytes: Buffer, done: () => void) => void) {
    super()
    this.#socket = socket
    this.#take = take
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress
  }

  get encrypted(): boolean {
    return this.#socket.encrypted ?? false
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.#take(bytes, done)
  }
}

/** The header, wherever a framework reads it; one that the client has sent is gone. */
function nameUpgrade(request: IncomingMessage, id: string): void {
  const { rawHeaders } = request
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
    if (rawHeaders[at]?.toLowerCase() === upgradeHeader) rawHeaders.splice(at, 2)
  }
  rawHeaders.push(upgradeHeader, id)
  request.headers[upgradeHeader] = id
  request.headersDistinct[upgradeHeader] = [id]
}

/** Of Node's own making: nothing in it needs checking. */
function headOf(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n')
  const fields = lines.map((line) => {
    const colon = line.indexOf(':')
    return { name: line.slice(0, colon).toLowerCase(), value: line.slice(colon + 1).trim() }
  })
  return { status: Number(first.split(' ')[1]), fields }
}
