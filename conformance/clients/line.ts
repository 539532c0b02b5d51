import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A line between a client and a server that can be cut, whatever language the client is written in. */
export class Line {
  /** As the server's, through this line. */
  readonly url: string
  readonly #server: Server
  readonly #ends = new Set<Socket>()
  readonly #target: URL
  #isDown = false

  private constructor(server: Server, target: URL) {
    this.#server = server
    this.#target = target
    const url = new URL(target)
    url.port = String((server.address() as AddressInfo).port)
    this.url = url.href
    server.on('connection', (socket) => this.#join(socket))
  }

  static async to(url: string): Promise<Line> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Line(server, new URL(url))
  }

  /** Breaks every connection and lets no new one through until `mend`. */
  cut(): void {
    this.#isDown = true
    for (const end of this.#ends) end.destroy()
  }

  mend(): void {
    this.#isDown = false
  }

  async end(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(client: Socket): void {
    if (this.#isDown) {
      client.destroy()
      return
    }
    const server = connect(Number(this.#target.port), this.#target.hostname)
    const ends = [
      [client, server],
      [server, client],
    ] as const
    for (const [end, other] of ends) {
      this.#ends.add(end)
      // Resets are what this is for.
      end.on('error', () => {})
      end.on('close', () => {
        this.#ends.delete(end)
        other.destroy()
      })
      end.pipe(other)
    }
  }
}
