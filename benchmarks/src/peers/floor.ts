import { buildGoProgram } from '../go-program.ts'
import { startLineServer } from './node-server.ts'
import type { Peer } from './peer.ts'

export const floor: Peer = {
  name: 'floor',
  title: 'bare `write()`',
  settings:
    'the floor, no server for use: a Go program with one epoll loop, a frame built once and one `write()` system call per subscriber; a burst is joined into one',
  missing: () => Promise.resolve(undefined),
  start: async () =>
    startLineServer('the floor', await buildGoProgram('floor'), [], {
      wire: 'text',
      paths: { text: '/' },
      tokenKey: '',
    }),
}
