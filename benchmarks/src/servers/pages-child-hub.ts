/** The child: a hub that has no server of its own, but is given the sockets. */
import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { createHub } from '@backchannel/hub'
import { engineConfig } from '../engine-config.ts'
import type { Publication, ToApp, ToHub, Upgrade } from './pages-child-messages.ts'

const hub = createHub({ config: engineConfig() })

process.on('message', (message: ToHub, socket: Socket | undefined) => {
  if (message.kind === 'publish') process.send?.(publish(message) satisfies ToApp)
  // A client that has gone meanwhile leaves a message without a socket.
  else if (socket) upgrade(message, socket)
})
process.on('disconnect', () => process.exit())
process.send?.('ready')

function publish({ id, channel, data }: Publication): ToApp {
  try {
    void hub.publish(channel, data)
    return { id }
  } catch (error) {
    return { id, error: String(error) }
  }
}

function upgrade({ method, url, headers, head }: Upgrade, socket: Socket): void {
  const request = Object.assign(new IncomingMessage(socket), { method, url, headers })
  if (!hub.handleUpgrade(request, socket, Buffer.from(head, 'base64'))) socket.destroy()
}
