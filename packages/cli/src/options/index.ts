/** Every option of a Centrifugo v6 configuration, by its place there. */
import { channel, rpc } from './channel.ts'
import { client } from './client.ts'
import { consumer, engineSections } from './engine.ts'
import { group, named, type Group } from './kinds.ts'
import { serverSections } from './server.ts'
import { proxy } from './shared.ts'
import { transportSections } from './transports.ts'

export const centrifugoOptions: Group = group({
  ...serverSections,
  ...transportSections,
  ...engineSections,
  client,
  channel,
  rpc,
  proxies: named(proxy),
  consumers: named(consumer),
})

/** What `serve` itself does, around the hub. */
export const serveOptions: ReadonlySet<string> = new Set([
  'http_server.address',
  'http_server.port',
  'http_server.internal_address',
  'http_server.internal_port',
  'log.level',
  'log.file',
  'http_api.external',
  'admin.enabled',
  'admin.handler_prefix',
  'admin.password',
  'admin.secret',
  'admin.insecure',
  'admin.external',
  'prometheus.enabled',
  'prometheus.handler_prefix',
  'health.enabled',
  'health.handler_prefix',
  // There are none to switch off.
  'usage_stats.disabled',
  'shutdown.timeout',
  'pid_file',
])
