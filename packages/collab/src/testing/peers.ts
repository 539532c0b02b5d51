/** A server with rooms on a free port, and clients as browsers have them: y-websocket's provider over `ws`. */
import type { Logger } from '@backchannel/hub/node'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { createCollabServer, memoryStore, type CollabServer, type CollabServerOptions } from '../server/index.ts'

// Every provider listens for the end of the process.
process.setMaxListeners(0)

export interface Stage {
  readonly collab: CollabServer
  readonly url: string
  readonly logged: { readonly level: string; readonly message: string; readonly fields: object }[]
  close(): Promise<void>
}

export async function openStage(options: Partial<CollabServerOptions> = {}): Promise<Stage> {
  const logged: Stage['logged'] = []
  const log = (level: keyof Logger) => (fields: object, message: string) => void logged.push({ level, message, fields })
  const collab = createCollabServer({
    authorize: () => 'write',
    store: memoryStore(),
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    unloadDelay: 50,
    ...options,
  })
  const server = createServer()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!collab.handleUpgrade(request, socket, head)) socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    collab,
    url: `ws://127.0.0.1:${port}/collab`,
    logged,
    async close() {
      await collab.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Somebody with the document open. */
export class Writer {
  readonly doc: Y.Doc
  readonly provider: WebsocketProvider
  readonly closes: { readonly code: number; readonly reason: string }[] = []

  constructor(url: string, room: string, doc = new Y.Doc()) {
    this.doc = doc
    this.provider = new WebsocketProvider(url, encodeURIComponent(room), doc, {
      WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
      // Tabs of one browser talk to each other directly: these are browsers of their own.
      disableBc: true,
      maxBackoffTime: 200,
    })
    this.provider.on('connection-close', (event) => {
      if (event) this.closes.push({ code: event.code, reason: event.reason })
    })
  }

  get text(): string {
    return this.doc.getText('t').toJSON()
  }

  get names(): string[] {
    const states = Array.from(this.provider.awareness.getStates().values())
    return states.flatMap(({ user }) => (user ? [String(user.name)] : [])).toSorted()
  }

  write(text: string): void {
    const content = this.doc.getText('t')
    content.insert(content.length, text)
  }

  async synced(): Promise<this> {
    if (!this.provider.synced) {
      await new Promise<void>((resolve) => {
        const check = (isSynced: boolean): void => {
          if (!isSynced) return
          this.provider.off('sync', check)
          resolve()
        }
        this.provider.on('sync', check)
      })
    }
    return this
  }

  leave(): void {
    this.provider.destroy()
    this.doc.destroy()
  }
}
