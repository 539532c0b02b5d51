/** The app takes all connections, renders, and gives WebSockets to a child that runs the hub. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import manifest from '../../../packages/hub/package.json' with { type: 'json' }
import { enginePaths } from '../peers/engine-paths.ts'
import { serve } from './bench-server.ts'
import { createApp, react } from './pages-app.ts'
import type { ToApp, ToHub } from './pages-child-messages.ts'

const child = fork(fileURLToPath(new URL('pages-child-hub.ts', import.meta.url)), {
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  // With a profile asked for, the child writes one of its own.
  execArgv: process.execArgv.map((flag) => flag.replace(/\.cpuprofile$/, '-hub.cpuprofile')),
})
const exit = once(child, 'exit')
const send = (message: ToHub): boolean => child.send(message)

// Its first message says that it has begun.
await once(child, 'message')

const waiting = new Map<number, PromiseWithResolvers<void>>()
let lastId = 0

child.on('message', ({ id, error }: ToApp) => {
  const answer = waiting.get(id)
  waiting.delete(id)
  if (error === undefined) answer?.resolve()
  else answer?.reject(new Error(error))
})

const http = createApp(
  (channel, data) => {
    const answer = Promise.withResolvers<void>()
    const id = ++lastId
    waiting.set(id, answer)
    send({ kind: 'publish', id, channel, data })
    return answer.promise
  },
  {
    // Called while the request is still being parsed, where a pause stops reading at once. In the listener below it would
    // not, and what the client sends until the child has the socket would be read here, and lost.
    shouldUpgradeCallback({ url, socket }) {
      if (url !== enginePaths['centrifugo-json']) return false
      socket.pause()
      return true
    },
  },
)
http.on('upgrade', ({ method = '', url = '', headers, socket }, _socket, head) => {
  const message: ToHub = { kind: 'upgrade', method, url, headers, head: head.toString('base64') }
  child.send(message, socket, (error) => {
    if (error) socket.destroy()
  })
})

await serve(http, `${manifest.version}, ${react}`, {
  pids: child.pid === undefined ? [] : [child.pid],
  async close() {
    child.disconnect()
    await exit
  },
})
