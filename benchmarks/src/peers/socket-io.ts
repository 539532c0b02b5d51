import { startNodeServer } from './node-server.ts'
import type { Peer, RunningPeer } from './peer.ts'

export const socketIoSpeech: Pick<RunningPeer, 'wire' | 'paths' | 'tokenKey'> = {
  wire: 'socket.io',
  paths: { 'socket.io': '/socket.io/?EIO=4&transport=websocket' },
  tokenKey: '',
}

export const socketIo: Peer = {
  name: 'socket-io',
  title: 'Socket.IO',
  settings:
    'WebSocket only, no compression, `ws` as engine, in-memory adapter, first request released; a burst is emitted in process, in one tick',
  missing: () => Promise.resolve(undefined),
  start: (options) => startNodeServer('socket-io', options, socketIoSpeech),
}
