/** From an upgrade that the app has accepted to an open WebSocket. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { systemClock } from '../clock.ts'
import type { PendingUpgrade, RawSocket, RawSocketEvents, UpgradeLimits } from '../events/upgrade-slot.ts'
import { FrameSink, sizeLimits } from '../transports/frame-sink.ts'
import { WriteTimeout } from '../transports/write-timeout.ts'
import { refuse } from './http.ts'

type Open = Parameters<PendingUpgrade['accept']>[0]

/**
 * @param answer the head that the app answered with: its cookies go along, and the subprotocol that it chose of those
 * offered
 */
export function shakeHands(
  upgrade: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
  answer: readonly { readonly name: string; readonly value: string }[],
  { open, abandoned, limits }: { open: Open; abandoned: () => void; limits: UpgradeLimits },
): void {
  const { request, socket, head } = upgrade
  const chosen = answer.find(({ name }) => name === 'sec-websocket-protocol')?.value ?? ''
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    ...sizeLimits(limits.maxMessageBytes),
    handleProtocols: (offered) => (offered.has(chosen) ? chosen : false),
  })
  server.on('headers', (headers) => {
    for (const { name, value } of answer) if (name === 'set-cookie') headers.push(`Set-Cookie: ${value}`)
  })
  server.on('wsClientError', (_error, refused) => refuse(refused, 400, 'Bad Request'))
  let isOpen = false
  // Answers at once, one way or the other.
  server.handleUpgrade(request, socket, head, (webSocket) => {
    isOpen = true
    serve(webSocket, socket, open, limits.writeTimeout)
  })
  if (!isOpen) abandoned()
}

class NodeSocket extends FrameSink implements RawSocket {
  readonly tellsPongs = true

  onWriteTimeout(): void {
    this.terminate()
  }
}

function serve(webSocket: WebSocket, socket: Duplex, open: Open, writeTimeout: number): void {
  // A broken frame or a reset connection: the library closes, and `close` follows.
  webSocket.on('error', () => {})
  const timeout = new WriteTimeout(systemClock, writeTimeout)
  const events: RawSocketEvents = open(new NodeSocket(webSocket, socket, timeout))
  webSocket.on('message', (data: Buffer, isBinary) => {
    // Of its own: the library's may be a part of something larger.
    events.message(isBinary ? new Uint8Array(data) : data.toString('utf8'))
  })
  webSocket.on('pong', () => events.pong())
  webSocket.on('close', (code, reason) => events.closed(code, reason.toString('utf8')))
}
