/**
 * Node's http server in front of the hub: which requests and upgrades are the hub's, and what may not even begin.
 * The hub claims exactly its own paths and verbs; everything else is the app's.
 */
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import type { Core } from '../core.ts'
import { answerApiCall, apiMethodOf, guardApi, type ApiGuard } from '../api/http-api.ts'
import { answerLegacyCall } from '../api/http-api-legacy.ts'
import { chain, rescue, type MaybePromise } from '../maybe-promise.ts'
import { inFrontOf } from './claim.ts'
import type { OriginRules } from './origins.ts'
import { answer, headerOf, notFound, plain, readBody, refuse, urlOf, type Answer } from './http.ts'
import { StreamRoutes } from './stream-routes.ts'
import { WebSocketRoutes } from './websocket-routes.ts'

/** A broadcast to 100,000 channels is about 5 MB; Centrifugo has no limit here, and 20 MB were seen to be taken. */
const maxApiBody = 32 * 1024 * 1024

export class NodeAdapter {
  readonly #core: Core
  readonly #isStandalone: boolean
  readonly #refuseApiCall: ApiGuard
  readonly #webSockets: WebSocketRoutes
  readonly #streams: StreamRoutes

  constructor(core: Core, origins: OriginRules, isStandalone: boolean) {
    this.#core = core
    this.#isStandalone = isStandalone
    this.#refuseApiCall = guardApi(core.config.http_api)
    this.#webSockets = new WebSocketRoutes(core, origins)
    this.#streams = new StreamRoutes(core, origins)
  }

  /** Sockets, and answers that are connections, which are open or still closing. */
  get socketCount(): number {
    return this.#webSockets.sockets.length + this.#streams.open.length
  }

  /** Resolves when every one of them is gone; those whose peers don't read to the end are destroyed after a while. */
  async drained(): Promise<void> {
    const closing = [...this.#webSockets.sockets, ...this.#streams.open]
    await Promise.all(closing.map((connection) => new Promise((resolve) => connection.once('close', resolve))))
  }

  /** Answers a request that is the hub's; false leaves it to the app, untouched. */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    const { pathname, query } = urlOf(request)
    if (this.#webSockets.claims(pathname)) {
      answer(response, plain(400, 'Bad Request'))
      return true
    }
    if (this.#streams.handle(request, response)) return true
    const method = apiMethodOf(this.#core.config.http_api, pathname)
    if (method === undefined) return false
    if (request.method !== 'POST') {
      // The app may have routes of its own there.
      if (!this.#isStandalone) return false
      answer(response, { status: 405, body: '' })
      return true
    }
    const call = { method, query, header: (name: string) => headerOf(request, name) }
    const refusal = this.#refuseApiCall(call)
    if (refusal) {
      request.resume()
      answer(response, refusal)
      return true
    }
    this.#answerCall(request, response, (body) => answerApiCall(this.#core, call, body))
    return true
  }

  /** Answers commands of the API's older form to who has been let in already. */
  handleAdminApi(request: IncomingMessage, response: ServerResponse): void {
    this.#answerCall(request, response, (body) => answerLegacyCall(this.#core, body))
  }

  /** Takes an upgrade that is the hub's; false leaves the socket to the app, untouched. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return this.#webSockets.handleUpgrade(request, socket, head)
  }

  /**
   * Puts the hub in front of what the server already does. Call it after the app has added its own listeners.
   * An upgrade that neither the hub nor a listener of the app wants is answered 404.
   * @returns a function that takes it back
   */
  attach(server: HttpServer | HttpsServer): () => void {
    const requests = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[]
    const upgrades = server.listeners('upgrade') as ((...args: [IncomingMessage, Duplex, Buffer]) => void)[]
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      if (this.handleRequest(request, response)) return
      if (requests.length === 0) answer(response, notFound)
      for (const listener of requests) listener.call(server, request, response)
    }
    const onUpgrade = inFrontOf((request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      if (this.handleUpgrade(request, socket, head)) return
      for (const listener of upgrades) listener.call(server, request, socket, head)
      // A listener that came later hears of it from the server itself.
      const isAlone = upgrades.length === 0 && server.listenerCount('upgrade') === 1
      if (isAlone) refuse(socket, 404, 'Not Found', notFound.body)
    }, upgrades)
    server.removeAllListeners('request').on('request', onRequest)
    server.removeAllListeners('upgrade').on('upgrade', onUpgrade)
    let isAttached = true
    return () => {
      // A second time would put the app's listeners there twice.
      if (!isAttached) return
      isAttached = false
      server.off('request', onRequest).off('upgrade', onUpgrade)
      for (const listener of requests) server.on('request', listener)
      for (const listener of upgrades) server.on('upgrade', listener)
    }
  }

  #answerCall(
    request: IncomingMessage,
    response: ServerResponse,
    answerTo: (body: string) => MaybePromise<Answer>,
  ): void {
    const fail = (error: unknown): void => {
      this.#core.report(error, 'api')
      response.destroy()
    }
    readBody(request, maxApiBody, (body) => {
      if (body === null) return
      if (body === undefined) return answer(response, plain(413, 'Request Entity Too Large'))
      void rescue(() => chain(answerTo(body.toString('utf8')), (value) => answer(response, value)), fail)
    })
  }
}
