/** The same app with each engine: it renders pages with React on the event loop that publishes. */
import { apiKey, tokenKey } from '../payload.ts'
import { centrifugo } from './centrifugo.ts'
import { enginePaths } from './engine-paths.ts'
import { hub } from './hub.ts'
import { startNodeServer } from './node-server.ts'
import type { Peer } from './peer.ts'
import { socketIo, socketIoSpeech } from './socket-io.ts'

const hubSpeech = { wire: 'centrifugo-json', paths: enginePaths, tokenKey } as const

export const appHub: Peer = {
  name: 'app-hub',
  title: 'App with the hub',
  settings: 'one process: pages with `renderToString` on `node:http`, and the hub attached to that server',
  missing: () => hub.missing(),
  start: (options) => startNodeServer('pages-hub', options, hubSpeech),
}

export const appChild: Peer = {
  name: 'app-child',
  title: 'App, hub in a child',
  settings:
    'two processes: the app renders, takes every connection, and gives the sockets of WebSockets to a child that runs the hub; a publish is a message to the child, answered when the child has published',
  missing: () => hub.missing(),
  start: (options) => startNodeServer('pages-child', options, hubSpeech),
}

export const appCentrifugo: Peer = {
  name: 'app-centrifugo',
  title: 'App with Centrifugo',
  settings:
    'two processes: the app renders and publishes with `publish` of @backchannel/realtime; clients connect to Centrifugo',
  missing: () => centrifugo.missing(),
  async start(options) {
    const engine = await centrifugo.start(options)
    try {
      const app = await startNodeServer('pages-centrifugo', options, hubSpeech, {
        CENTRIFUGO_API_URL: `http://${engine.address}/api`,
        CENTRIFUGO_API_KEY: apiKey,
        CENTRIFUGO_TOKEN_HMAC_SECRET: tokenKey,
      })
      return {
        ...engine,
        version: `${engine.version}, ${app.version}`,
        pids: [...app.pids, ...engine.pids],
        appAddress: app.address,
        async stop() {
          await app.stop()
          await engine.stop()
        },
      }
    } catch (error) {
      await engine.stop()
      throw error
    }
  },
}

export const appSocketIo: Peer = {
  name: 'app-socket-io',
  title: 'App with Socket.IO',
  settings: 'one process: the same app with Socket.IO on its server, WebSocket only, no compression',
  missing: () => socketIo.missing(),
  start: (options) => startNodeServer('pages-socket-io', options, socketIoSpeech),
}
