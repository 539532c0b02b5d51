/** A line between browsers and a server that can be cut. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'

export class Line {
  readonly #target: () => number
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port = 0

  /** @param target the server's port, which may change */
  constructor(target: () => number) {
    this.#target = target
  }

  get url(): string {
    return `http://localhost:${this.#port}`
  }

  /** Open, or open again on the same port. */
  async open(): Promise<void> {
    const server = createServer((near) => {
      const far = connect(this.#target(), '127.0.0.1')
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket)
        socket
          .on('error', () => {})
          .on('close', () => {
            this.#sockets.delete(socket)
            other.destroy()
          })
      }
      near.pipe(far).pipe(near)
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (typeof address === 'object' && address !== null) this.#port = address.port
    this.#server = server
  }

  /** Everything that is open breaks, and nothing new comes through. */
  async cut(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
    this.#server = undefined
  }
}
