/** The server half: y-websocket's protocol at a path of the app's own server, with the app's say in who may do what. */
import { isFromAllowedPage, refuse, guardLogger, consoleLogger, type Logger } from '@backchannel/hub/node'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { closeReasons, type CloseReason } from './close-codes.ts'
import { Connection, type Access } from './connection.ts'
import { noRelay } from './relay.ts'
import { revertTo } from './restore.ts'
import { Rooms, TooManyRooms } from './rooms.ts'
import { checkOptions, type CollabServerOptions } from './settings.ts'
import type { Version } from './store.ts'
import { inTime, timedStore } from './timed-store.ts'
import { turns } from './turns.ts'
import { ValkeyRelay } from './valkey-relay.ts'

export interface CollabServer {
  /**
   * To be called with every upgrade of the app's server.
   * @returns true when it is one of a room, and taken care of
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /** How many are in memory, here. */
  stats(): { readonly rooms: number; readonly connections: number }
  /** The document as an update for `Y.applyUpdate`. */
  snapshot(room: string): Promise<Uint8Array>
  /** The versions that were kept, newest first. */
  versions(room: string): Promise<readonly Version[]>
  /** The version as an update for `Y.applyUpdate`; undefined when there is none of that id in that room. */
  version(room: string, id: string): Promise<Uint8Array | undefined>
  /** Keeps the document as it is now. */
  saveVersion(room: string): Promise<Version>
  /**
   * Brings the document back to a version, by an ordinary change that everybody sees and that can be undone by restoring
   * again: what it is now becomes a version first. @returns false when there is no such version
   */
  restore(room: string, id: string): Promise<boolean>
  /** Removes the document and its versions, and sends away whoever is in it. */
  delete(room: string): Promise<void>
  /** Closes the connections of a room, or all: their clients come back at once, and `authorize` is asked anew. */
  disconnect(room?: string): void
  /** Says goodbye, stores what was received, ends. */
  close(): Promise<void>
}

/** A client takes a silent server for dead after 30 s. */
const heartbeatMs = 15_000
/** Documents that are read again at one time, when Valkey is back and all rooms want to. */
const maxReads = 8
/** How long a peer may take to answer a close. */
const closeTimeoutMs = 2000

/** @throws TypeError for options that can't be meant */
export function createCollabServer(options: CollabServerOptions): CollabServer {
  const settings = checkOptions(options)
  const log: Logger = guardLogger(settings.logger ?? consoleLogger)
  const relay =
    settings.valkeyUrl === undefined ? noRelay : new ValkeyRelay(settings.valkeyUrl, settings.channelPrefix, log)
  const store = timedStore(settings.store, settings.storeTimeout)
  const rooms = new Rooms(
    { ...settings, store, relay, log, turns: turns(maxReads) },
    settings.maxRooms,
    settings.unloadDelay,
  )
  const connections = new Map<WebSocket, { readonly connection: Connection; readonly room: string }>()
  const origins = { allowed: settings.allowedOrigins, sameOrigin: true, trustProxy: settings.trustProxy }
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: settings.maxUpdateBytes,
  })
  webSockets.on('wsClientError', (_error, socket) => refuse(socket, 400, 'Bad Request'))
  let isOpen = true
  /** Those that `authorize` has not answered yet have a place, too. */
  let asking = 0
  let opening: Promise<void> | undefined
  /** Grows with every `disconnect`: what `authorize` said before counts no more. */
  let generation = 0

  const timer = setInterval(() => {
    for (const { connection } of connections.values()) connection.beat()
    for (const room of rooms) room.expirePresence(Date.now())
  }, heartbeatMs)
  timer.unref()

  const opened = (): Promise<void> => {
    opening ??= store.open().catch((error: unknown) => {
      opening = undefined
      log.error({ err: error }, 'collab: the store could not be opened')
      throw error
    })
    return opening
  }

  const readyFor = (name: string): Promise<void> => {
    checkRoom(name)
    return opened()
  }

  const withRoom: Rooms['with'] = async (name, use) => {
    await readyFor(name)
    return rooms.with(name, use)
  }

  const accessOf = async (request: IncomingMessage, room: string): Promise<Access | 'deny'> => {
    try {
      const asking = (async (): Promise<unknown> => settings.authorize(toRequest(request), room))()
      const access = await inTime(asking, settings.storeTimeout, 'authorize')
      if (access === 'read' || access === 'write' || access === 'deny') return access
      log.error({ room, access }, "collab: authorize has to give 'deny', 'read' or 'write'; nobody is let in")
    } catch (error) {
      log.error({ err: error, room }, 'collab: authorize failed; nobody is let in')
    }
    return 'deny'
  }

  const greet = async (socket: WebSocket, name: string, access: Access | 'deny'): Promise<void> => {
    if (access === 'deny') return sendAway(socket, closeReasons.forbidden)
    const connection = new Connection(socket, access, settings.maxBufferedBytes)
    connections.set(socket, { connection, room: name })
    socket.on('close', () => {
      connections.delete(socket)
      connection.gone()
      const room = rooms.find(name)
      if (room) rooms.left(room)
    })
    // Nothing is read before there is a room to give it to.
    socket.pause()
    try {
      await withRoom(name, (room) => {
        // Its close is only heard once it is read.
        socket.resume()
        if (socket.readyState !== socket.OPEN) return
        if (room.isClosed) sendAway(socket, closeReasons.askAgain)
        else connection.begin(room)
      })
    } catch (error) {
      if (error instanceof TooManyRooms) log.warn({ room: name }, `collab: ${error.message}; nobody is let in`)
      socket.resume()
      sendAway(socket, error instanceof TooManyRooms ? closeReasons.full : closeReasons.unavailable)
    }
  }

  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer, name: string): Promise<void> => {
    let access: Access | 'deny' | 'bad-room' = 'bad-room'
    for (let asked = -1; isRoomName(name) && asked !== generation;) {
      asked = generation
      access = await accessOf(request, name)
    }
    if (!isOpen) return refuse(socket, 503, 'Service Unavailable')
    // A browser's script learns no status of a refused handshake: it would come again for ever. It does learn a code.
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      if (access === 'bad-room') sendAway(webSocket, closeReasons.badRoom)
      else void greet(webSocket, name, access)
    })
  }

  const disconnect = (name: string | undefined, reason: CloseReason): void => {
    generation++
    for (const { connection, room } of Array.from(connections.values())) {
      if (name === undefined || room === name) connection.close(reason)
    }
  }

  /** Here; other instances do the same when they are told. */
  const remove = async (name: string): Promise<void> => {
    disconnect(name, closeReasons.deleted)
    await rooms.remove(name, () => store.delete(name))
  }

  relay.onOrder = ({ order, room }) => {
    if (order === 'disconnect') return disconnect(room ?? undefined, closeReasons.askAgain)
    // What this instance had on its way came after the other's removal.
    remove(room).catch((error: unknown) => log.error({ err: error, room }, 'collab: a document was not removed here'))
  }

  return {
    handleUpgrade(request, socket, head) {
      const name = roomOf(request, settings.path)
      if (name === undefined) return false
      socket.on('error', () => socket.destroy())
      if (!isOpen || connections.size + asking >= settings.maxConnections) {
        refuse(socket, 503, 'Service Unavailable')
      } else if (!isFromAllowedPage(log, origins, request)) refuse(socket, 403, 'Forbidden')
      else {
        asking++
        void upgrade(request, socket, head, name).finally(() => asking--)
      }
      return true
    },
    stats: () => ({ rooms: rooms.count, connections: connections.size }),
    snapshot: (name) => withRoom(name, (room) => room.snapshot()),
    async versions(name) {
      await readyFor(name)
      return store.versions(name)
    },
    async version(name, id) {
      await readyFor(name)
      return store.version(name, id)
    },
    saveVersion: (name) => withRoom(name, (room) => room.saveVersion()),
    restore: (name, id) =>
      withRoom(name, async (room) => {
        const version = await store.version(name, id)
        if (!version) return false
        await room.saveVersion()
        await room.change(revertTo(version, await room.snapshot()))
        return true
      }),
    async delete(name) {
      await readyFor(name)
      relay.order({ order: 'delete', room: name })
      await remove(name)
    },
    disconnect(name) {
      if (name !== undefined) checkRoom(name)
      disconnect(name, closeReasons.askAgain)
      relay.order({ order: 'disconnect', room: name ?? null })
    },
    async close() {
      if (!isOpen) return
      isOpen = false
      clearInterval(timer)
      disconnect(undefined, closeReasons.goingAway)
      const late = setTimeout(() => {
        for (const socket of connections.keys()) socket.terminate()
      }, closeTimeoutMs)
      await rooms.close()
      await Promise.all(
        Array.from(connections.keys(), (socket) => new Promise((resolve) => socket.once('close', resolve))),
      )
      clearTimeout(late)
      await relay.close()
    },
  }
}

/** Closes a socket that is in no room; one that does not answer is dropped. */
function sendAway(socket: WebSocket, { code, reason }: CloseReason): void {
  socket.on('error', () => {})
  socket.close(code, reason)
  setTimeout(() => socket.terminate(), closeTimeoutMs).unref()
}

/** The room that a request asks for, as it was named; undefined when it is no room's path. */
function roomOf(request: IncomingMessage, path: string): string | undefined {
  const [pathname = ''] = (request.url ?? '').split('?', 1)
  if (!pathname.startsWith(`${path}/`)) return undefined
  try {
    return decodeURIComponent(pathname.slice(path.length + 1))
  } catch {
    return ''
  }
}

/** @see isRoomName */
function checkRoom(name: string): void {
  if (!isRoomName(name)) {
    throw new TypeError(`A room's name is 1 to 255 characters without control characters, not ${JSON.stringify(name)}`)
  }
}

// oxlint-disable-next-line no-control-regex -- that is what is looked for: Postgres takes no NUL
const roomName = /^[^\u0000-\u001f\u007f]{1,255}$/u

function isRoomName(name: unknown): boolean {
  return typeof name === 'string' && roomName.test(name) && name.isWellFormed()
}

/** What the app is asked with: the same object as its routes know. */
function toRequest(request: IncomingMessage): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    // HTTP/2's own fields are no headers.
    if (value !== undefined && !name.startsWith(':')) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  const url = new URL(request.url ?? '/', `http://${headers.get('host') ?? 'localhost'}`)
  return new Request(url, { headers })
}
