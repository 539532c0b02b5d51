import { request as httpRequest } from 'node:http'

import { allowedOrigin } from '../config.ts'
import type { RunningServer } from '../targets/target.ts'
import { type Connection, patience } from './connection.ts'
import { type Carrier, Emulated } from './emulated.ts'
import { type OpenOptions, openSocket, readResponse } from './raw-socket.ts'
import { openStream, type Framing } from './raw-stream.ts'
import type { HttpRequest, LateClaim, Script, Step, TokenSpec } from './script.ts'
import { type Claims, inSeconds, signToken } from './tokens.ts'
import { Transcript } from './transcript.ts'
import type { Way } from './ways.ts'

/** The command that `settle` sends last. Its reply tells that everything before it has been answered. */
const marker = { id: 4_000_000_000, command: '{"id":4000000000,"unsubscribe":{"channel":"marker"}}' }

/** While recording, a server has this long to close after its last answer: some closes are decided a moment later. */
const afterthought = 300

export interface RunOptions {
  /**
   * Whether the conversation is known to end with a close: then `settle` waits for that and sends nothing more.
   * Unknown while recording.
   */
  endsClosed?: boolean
  /** @default 'websocket' */
  way?: Way
}

/** Plays one script against a server and writes down what was said. */
export async function runScript(server: RunningServer, script: Script, options: RunOptions = {}): Promise<string[]> {
  const run = new ScriptRun(server, script, options)
  try {
    for (const step of script.steps) await run.play(step)
  } finally {
    run.end()
  }
  return run.transcript.lines
}

/** Scripts that go several ways at once need names of their own on each, of the same length. */
const marks: Record<Way, string> = {
  websocket: 's',
  'websocket protobuf': 'p',
  http_stream: 'h',
  'http_stream protobuf': 'o',
  sse: 'e',
}

class ScriptRun {
  readonly transcript: Transcript
  readonly #server: RunningServer
  readonly #options: RunOptions
  readonly #name: string
  readonly #token: string
  readonly #way: Way
  readonly #sockets: Connection[] = []
  #socket: Connection | undefined
  #refused = false
  #toldEnded: Connection | undefined
  #lastSettle: Step | undefined

  constructor(server: RunningServer, script: Script, options: RunOptions) {
    this.#server = server
    this.#options = options
    this.#way = options.way ?? 'websocket'
    this.#name = `${marks[this.#way]}-${script.name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 60)}`
    this.#token = signToken({ sub: this.#name, exp: inSeconds(3600) }, { key: server.tokenKey })
    this.#lastSettle = script.steps.findLast((step) => step.do === 'settle')
    this.transcript = new Transcript([
      [this.#name, '$N'],
      [server.apiKey, '$APIKEY'],
      [new URL(server.apiUrl).host, '$HOST'],
    ])
  }

  async play(step: Step): Promise<void> {
    switch (step.do) {
      case 'open':
        await this.#open(step.options)
        if (this.#socket) this.transcript.add('=', `open ${this.#socket.chosen}`)
        return
      case 'send':
        return this.#send(step.text, step.tokens)
      case 'bytes':
        this.transcript.add('>', `${step.binary ? 'binary' : 'text'} ${step.bytes.toString('hex')}`)
        await (await this.#current())?.send(step.bytes, step.binary)
        return
      case 'receive':
        return this.#receive(step.count)
      case 'settle':
        return this.#settle(step)
      case 'closed':
        return this.#untilClosed()
      case 'hangUp':
        await this.#socket?.hangUp()
        this.#socket = undefined
        return this.transcript.add('>', '(hangs up)')
      case 'http':
        return this.#http(step.request)
      case 'stream':
        return this.#stream(step.request, step.framing)
      case 'fill':
        return this.#publishMany(step.channel, step.count)
      case 'pause':
        return new Promise((resolve) => setTimeout(resolve, step.milliseconds))
    }
  }

  end(): void {
    for (const socket of this.#sockets) socket.terminate()
  }

  #fill(text: string): string {
    return text
      .replaceAll('$TOKEN', this.#token)
      .replaceAll('$NODE', this.transcript.emulation.node)
      .replaceAll('$SESSION', this.transcript.emulation.session)
      .replaceAll('$N', this.#name)
      .replaceAll('$HOST', new URL(this.#server.apiUrl).host)
      .replaceAll('$APIKEY', this.#server.apiKey)
      .replaceAll('$EPOCH', this.transcript.epoch ?? '')
      .replaceAll('$CLIENT', this.transcript.client ?? '')
  }

  #fillAll<Value>(values: Readonly<Record<string, Value>>): Record<string, Value | string> {
    return Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, typeof value === 'string' ? this.#fill(value) : value]),
    )
  }

  /** Claims as they are now: texts filled in at any depth, names too. */
  #claim(value: unknown): unknown {
    if (typeof value === 'function') return (value as LateClaim)()
    if (typeof value === 'string') return this.#fill(value)
    if (Array.isArray(value)) return value.map((one) => this.#claim(one))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [this.#fill(name), this.#claim(inner)]))
  }

  async #open({ path = '/connection/websocket', query, headers, ...options }: OpenOptions): Promise<void> {
    if (this.#isEmulated) {
      this.#socket = undefined
      this.#refused = false
      return
    }
    const url = new URL(path, this.#server.wsUrl).href
    const opened = await openSocket(
      url,
      {
        ...options,
        query: this.#fill(query ?? ''),
        headers: this.#fillAll({ origin: allowedOrigin, ...headers }) as NonNullable<OpenOptions['headers']>,
      },
      this.#way === 'websocket protobuf',
    )
    this.#begin(opened)
  }

  /** A connection, or how it was refused. */
  #begin(opened: Connection | string): void {
    this.#refused = typeof opened === 'string'
    this.#socket = typeof opened === 'string' ? undefined : opened
    if (typeof opened === 'string') this.transcript.add('=', opened)
    else this.#sockets.push(opened)
  }

  get #isEmulated(): boolean {
    return this.#way !== 'websocket' && this.#way !== 'websocket protobuf'
  }

  /** The connection; a script that opens none gets a plain one with its first message. */
  async #current(): Promise<Connection | undefined> {
    if (!this.#socket && !this.#refused) await this.#open({})
    return this.#socket
  }

  async #stream(request: HttpRequest, framing: Framing): Promise<void> {
    const { method, path, headers, body } = this.#filled(request)
    this.transcript.add('>', `${method} ${path} ${body?.toString() ?? ''}`.trimEnd())
    const url = new URL(path, this.#server.apiUrl)
    this.#begin(await openStream({ method, url, headers: headers ?? {}, body }, framing))
    if (this.#socket) this.transcript.add('=', this.#socket.chosen)
  }

  async #send(text: string, tokens: Readonly<Record<string, TokenSpec>>): Promise<void> {
    let filled = text
    for (const [placeholder, { claims, key = this.#server.tokenKey, ...signing }] of Object.entries(tokens)) {
      filled = filled.replaceAll(placeholder, signToken(this.#claim(claims) as Claims, { key, ...signing }))
    }
    filled = this.#fill(filled)
    if (this.#isEmulated && !this.#socket && !this.#refused) {
      this.transcript.add('>', filled)
      const root = this.#server.apiUrl
      this.#begin(await Emulated.open(this.#way as Carrier, root, { origin: allowedOrigin }, filled))
      return
    }
    const socket = await this.#current()
    if (!socket) return
    this.transcript.add('>', filled)
    await this.#sendText(socket, filled)
  }

  /** Sends; false when that is not possible. */
  async #sendText(socket: Connection, text: string): Promise<boolean> {
    const sent = await socket.send(text, false)
    if (typeof sent === 'string') this.transcript.add('=', `emulation: ${sent}`)
    return sent !== false
  }

  /** Writes down the next message; false when there is none. */
  async #takeOne(socket: Connection, milliseconds = patience, isEnd = (_message: string) => false): Promise<boolean> {
    const received = await socket.next(milliseconds)
    if (!received) {
      if (socket.ended !== undefined) this.#tellEnd(socket, socket.ended)
      else if (milliseconds === patience) this.transcript.add('!', 'nothing came')
      return false
    }
    if (isEnd(received.message)) return false
    this.transcript.add('<', received.binary ? `binary ${received.message}` : received.message)
    return true
  }

  #tellEnd(socket: Connection, how: string): void {
    if (this.#toldEnded === socket) return
    this.#toldEnded = socket
    this.transcript.add('!', how)
  }

  async #receive(count: number): Promise<void> {
    const socket = await this.#current()
    if (!socket) return
    for (let left = count; left > 0; left -= 1) if (!(await this.#takeOne(socket))) return
  }

  async #untilClosed(): Promise<void> {
    const socket = await this.#current()
    if (!socket) return
    while (await this.#takeOne(socket));
  }

  async #settle(step: Step): Promise<void> {
    const socket = await this.#current()
    if (!socket) return
    const isLast = step === this.#lastSettle
    if (isLast && this.#options.endsClosed) return this.#untilClosed()
    if (!(await this.#sendText(socket, marker.command))) {
      while (await this.#takeOne(socket, afterthought));
      return
    }
    while (await this.#takeOne(socket, patience, (message) => message.startsWith(`{"id":${marker.id}`)));
    if (isLast && this.#options.endsClosed === undefined) {
      while (await this.#takeOne(socket, afterthought));
    }
  }

  #filled(request: HttpRequest): HttpRequest {
    const filled: HttpRequest = {
      ...request,
      path: this.#fill(request.path),
      headers: this.#fillAll(request.headers ?? {}) as NonNullable<HttpRequest['headers']>,
    }
    if (typeof request.body === 'string') filled.body = this.#fill(request.body)
    return filled
  }

  async #http(request: HttpRequest): Promise<void> {
    const filled = this.#filled(request)
    this.transcript.add('>', `${filled.method} ${filled.path} ${filled.body?.toString() ?? ''}`.trimEnd())
    this.transcript.add('=', await this.#exchange(filled))
  }

  async #publishMany(channel: string, count: number): Promise<void> {
    const commands = Array.from({ length: count }, (_, index) => ({
      publish: { channel: this.#fill(channel), data: { n: index + 1 } },
    }))
    const answer = await this.#exchange({
      method: 'POST',
      path: '/api/batch',
      headers: { 'x-api-key': this.#server.apiKey },
      body: JSON.stringify({ commands }),
    })
    if (!answer.startsWith('http 200') || answer.includes('"error"')) throw new Error(answer.slice(0, 1000))
    this.transcript.add('>', `(publishes {"n":1} to {"n":${count}} to ${channel})`)
  }

  #exchange({ method, path, headers = {}, body, tell }: HttpRequest): Promise<string> {
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        new URL(path, this.#server.apiUrl),
        { method, headers, agent: false, timeout: patience },
        (response) => {
          readResponse(response, tell).then(resolve, reject)
        },
      )
      outgoing.on('upgrade', (response, socket) => {
        socket.destroy()
        resolve(`http ${response.statusCode} upgraded`)
      })
      outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer`)))
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }
}
