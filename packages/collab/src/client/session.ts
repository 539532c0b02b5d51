/** A document that is open: its content, who else is in it, and how it is connected. */
import { IndexeddbPersistence } from 'y-indexeddb'
import { readAuthMessage } from 'y-protocols/auth'
import { Awareness, removeAwarenessStates } from 'y-protocols/awareness'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { colorOf } from './colors.ts'

export interface CollabUser {
  readonly name: string
  /** CSS. @default one that is always the same for the name */
  readonly color?: string
}

export interface CollabSessionOptions {
  /** Where rooms are served: `wss://host/collab`, or a path of the page's own origin. Unset: the document is local. */
  readonly url?: string | undefined
  /** The document's name; 1 to 255 characters. */
  readonly room: string
  readonly user: CollabUser
  /** Keeps a copy in this browser (IndexedDB), so that a reload while offline loses nothing. @default false */
  readonly persist?: boolean
  /** Appended to the address of every connection, for an `authorize` that reads no cookies. */
  readonly params?: Readonly<Record<string, string>>
}

/**
 * `local` there is no server; `connecting` for the first time; `connected` and in step; `disconnected` (it tries again by
 * itself; what is typed is kept and sent then); `refused` the server has said no, and nothing is tried; `destroyed`.
 */
export type CollabStatus = 'local' | 'connecting' | 'connected' | 'disconnected' | 'refused' | 'destroyed'

/** Somebody who has the document open. */
export interface CollabPeer {
  readonly clientId: number
  readonly name: string
  readonly color: string
  readonly isSelf: boolean
}

/** Why the server has said no: one of its close codes from 4400 to 4499, or 1009 for a message that was too large. */
export class CollabRefused extends Error {
  override name = 'CollabRefused'
  readonly code: number

  constructor(code: number, reason: string) {
    super(`The server refuses this document: ${reason || 'no reason given'} (${code})`)
    this.code = code
  }
}

export interface CollabSession {
  readonly room: string
  readonly doc: Y.Doc
  readonly awareness: Awareness
  readonly status: CollabStatus
  /** `read`: the server refuses what is written here. */
  readonly access: 'read' | 'write'
  /** Why `status` is `refused`. */
  readonly refusal: CollabRefused | undefined
  /**
   * Resolves once what the server has is here; without a server once the copy in this browser is. Rejects with
   * `CollabRefused`, or when the session is destroyed before. Settles once.
   */
  readonly synced: Promise<void>
  /** Everybody who has the document open, oneself first. The same array until somebody changes. */
  readonly peers: readonly CollabPeer[]
  setUser(user: CollabUser): void
  /** Calls when status, access or peers change. @returns what ends it */
  onChange(listener: () => void): () => void
  /** Tries again now, also after a refusal. */
  reconnect(): void
  /** Leaves, and frees everything. @param forget removes the copy in this browser, too */
  destroy(options?: { readonly forget?: boolean }): Promise<void>
}

/** y-websocket's number of the message by which a server tells what is not permitted. */
const authMessage = 2

const names = ['url', 'room', 'user', 'persist', 'params']

/** @throws TypeError for options that can't be meant */
export function createCollabSession(options: CollabSessionOptions): CollabSession {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('createCollabSession: an object with room and user is wanted')
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      throw new TypeError(`createCollabSession: there is no '${name}'; what there is: ${names.join(', ')}`)
    }
  }
  const { room, url, user } = options
  if (typeof user?.name !== 'string') {
    throw new TypeError("createCollabSession: user is somebody with a name, such as { name: 'Ann' }")
  }
  // oxlint-disable-next-line no-control-regex -- that is what is looked for
  if (typeof room !== 'string' || !/^[^\u0000-\u001f\u007f]{1,255}$/u.test(room) || !room.isWellFormed()) {
    throw new TypeError(`createCollabSession: room is a name of 1 to 255 characters, not ${JSON.stringify(room)}`)
  }
  return new Session(options, url === undefined || url === '' ? undefined : webSocketUrl(url))
}

class Session implements CollabSession {
  readonly room: string
  readonly doc = new Y.Doc()
  readonly awareness = new Awareness(this.doc)
  readonly synced: Promise<void>
  readonly #provider: WebsocketProvider | undefined
  #copy: IndexeddbPersistence | undefined
  readonly #listeners = new Set<() => void>()
  #status: CollabStatus = 'local'
  #access: 'read' | 'write' = 'write'
  #refusal: CollabRefused | undefined
  #peers: readonly CollabPeer[] = []
  /** A lost network is known to the browser long before the socket notices. */
  readonly #offline = (): void => {
    this.#provider?.disconnect()
    if (this.#provider && !this.#refusal) this.#become('disconnected', this.#access)
  }
  readonly #online = (): void => {
    if (!this.#refusal) this.#provider?.connect()
  }
  #settle: { readonly resolve: () => void; readonly reject: (error: Error) => void }

  constructor({ room, user, persist = false, params }: CollabSessionOptions, url: string | undefined) {
    this.room = room
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.synced = promise
    this.#settle = { resolve, reject }
    // Whoever does not wait for it has `status`.
    promise.catch(() => {})
    this.awareness.on('change', () => this.#readPeers())
    this.setUser(user)
    const opened = persist ? this.#openCopy() : Promise.resolve()
    if (url === undefined) void opened.then(resolve)
    else {
      this.#status = 'connecting'
      this.#provider = this.#connect(url, params)
    }
  }

  get status(): CollabStatus {
    return this.#status
  }

  get access(): 'read' | 'write' {
    return this.#access
  }

  get refusal(): CollabRefused | undefined {
    return this.#refusal
  }

  get peers(): readonly CollabPeer[] {
    return this.#peers
  }

  setUser({ name, color = colorOf(name) }: CollabUser): void {
    this.awareness.setLocalStateField('user', { name, color })
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  reconnect(): void {
    const provider = this.#provider
    if (!provider || this.#status === 'destroyed') return
    this.#refusal = undefined
    provider.disconnect()
    this.#become('connecting', 'write')
    provider.connect()
  }

  async destroy({ forget = false } = {}): Promise<void> {
    if (this.#status === 'destroyed') return
    this.#status = 'destroyed'
    this.#settle.reject(new Error('The session was destroyed'))
    globalThis.removeEventListener?.('offline', this.#offline)
    globalThis.removeEventListener?.('online', this.#online)
    // While there is still a connection that tells the others.
    removeAwarenessStates(this.awareness, [this.doc.clientID], 'destroy')
    this.#provider?.destroy()
    this.awareness.destroy()
    this.doc.destroy()
    this.#tell()
    this.#listeners.clear()
    if (forget) await this.#copy?.clearData()
    else await this.#copy?.destroy()
  }

  /** Never rejects: some browsers have no such place, or none in private windows. */
  async #openCopy(): Promise<void> {
    if (!(await canStore()) || this.#status === 'destroyed') return
    this.#copy = new IndexeddbPersistence(`collab:${this.room}`, this.doc)
    await this.#copy.whenSynced
  }

  #connect(url: string, params: CollabSessionOptions['params']): WebsocketProvider {
    const provider = new WebsocketProvider(url, encodeURIComponent(this.room), this.doc, {
      awareness: this.awareness,
      connect: false,
      // Tabs would pass on to each other what the server refuses to one of them.
      disableBc: true,
      ...(params ? { params } : {}),
      // A message that is too large would be sent again for ever.
      shouldReconnect: ({ code }) => !(code >= 4400 && code < 4500) && code !== 1009,
    })
    provider.messageHandlers[authMessage] = (_encoder, decoder) => {
      readAuthMessage(decoder, this.doc, () => this.#become(this.#status, 'read'))
    }
    provider.on('status', ({ status }) => {
      // Rights are said anew on each connection.
      if (status === 'connected') this.#become(this.#status, 'write')
    })
    provider.on('sync', (isSynced) => {
      if (!isSynced || this.#status === 'destroyed') return
      this.#settle.resolve()
      this.#become('connected', this.#access)
    })
    provider.on('connection-close', () => {
      if (this.#status !== 'destroyed' && !this.#refusal) this.#become('disconnected', this.#access)
    })
    provider.on('closed', ({ code, reason }) => {
      if (this.#status === 'destroyed') return
      this.#refusal = new CollabRefused(code, reason)
      this.#settle.reject(this.#refusal)
      provider.disconnect()
      this.#become('refused', this.#access)
    })
    provider.connect()
    // Outside a browser there are no such events.
    globalThis.addEventListener?.('offline', this.#offline)
    globalThis.addEventListener?.('online', this.#online)
    return provider
  }

  #become(status: CollabStatus, access: 'read' | 'write'): void {
    if (status === this.#status && access === this.#access) return
    this.#status = status
    this.#access = access
    this.#tell()
  }

  #readPeers(): void {
    const self = this.doc.clientID
    const peers = Array.from(this.awareness.getStates())
      .flatMap(([clientId, state]) => peerOf(clientId, state, clientId === self))
      .toSorted((a, b) => Number(b.isSelf) - Number(a.isSelf) || a.clientId - b.clientId)
    if (JSON.stringify(peers) === JSON.stringify(this.#peers)) return
    this.#peers = peers
    this.#tell()
  }

  #tell(): void {
    for (const listener of Array.from(this.#listeners)) listener()
  }
}

/** What others say of themselves may be anything. */
function peerOf(clientId: number, state: Record<string, unknown>, isSelf: boolean): CollabPeer[] {
  const { user } = state
  if (typeof user !== 'object' || user === null) return []
  const name = 'name' in user && typeof user.name === 'string' ? user.name : 'Somebody'
  const color = 'color' in user && typeof user.color === 'string' ? user.color : colorOf(name)
  return [{ clientId, name, color, isSelf }]
}

/** The library that keeps the copy does not say when it can't. */
function canStore(): Promise<boolean> {
  if (!('indexedDB' in globalThis)) return Promise.resolve(false)
  return new Promise((resolve) => {
    const request = indexedDB.open('collab-probe')
    request.addEventListener('error', () => resolve(false))
    request.addEventListener('success', () => {
      request.result.close()
      resolve(true)
    })
  })
}

/** @throws TypeError for what no WebSocket can be opened to */
function webSocketUrl(given: string): string {
  const url = URL.parse(given, globalThis.location?.href)
  if (url?.protocol === 'http:' || url?.protocol === 'https:') url.protocol = url.protocol.replace('http', 'ws')
  if (url?.protocol === 'ws:' || url?.protocol === 'wss:') return url.href
  throw new TypeError(
    `createCollabSession: url is an address such as wss://example.com/collab or /collab, not '${given}'`,
  )
}
