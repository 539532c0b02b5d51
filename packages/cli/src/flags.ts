/** Options of the configuration that have a flag: Centrifugo's own, and short forms of the most used. */
import { type Command, Option } from 'commander'

interface Flag {
  readonly path: string
  /** As commander writes it, without `--path`. */
  readonly short?: string
  readonly isSwitch?: boolean
  readonly description: string
}

const flags: readonly Flag[] = [
  { path: 'http_server.address', short: '-a, --address', description: 'address to listen on; all of them by default' },
  { path: 'http_server.port', short: '-p, --port', description: 'port to listen on (default 8000)' },
  { path: 'http_server.internal_address', description: 'address for what is not for clients' },
  { path: 'http_server.internal_port', description: 'port for what is not for clients: API, admin, health, metrics' },
  { path: 'health.enabled', short: '--health', isSwitch: true, description: 'answer health checks' },
  { path: 'prometheus.enabled', short: '--prometheus', isSwitch: true, description: 'give metrics to Prometheus' },
  { path: 'admin.enabled', short: '--admin', isSwitch: true, description: "serve the admin's page" },
  { path: 'admin.external', isSwitch: true, description: 'serve it where clients connect, too' },
  { path: 'admin.insecure', isSwitch: true, description: 'ask no password of the admin' },
  { path: 'client.insecure', isSwitch: true, description: 'let every client in, to everything' },
  { path: 'http_api.external', isSwitch: true, description: 'serve the API where clients connect, too' },
  { path: 'http_api.insecure', isSwitch: true, description: 'ask no key of the API' },
  { path: 'log.level', description: 'trace, debug, info, warn, error, fatal or none (default info)' },
  { path: 'log.file', description: 'log into this file' },
  { path: 'pid_file', description: "write the process's id into this file" },
  { path: 'sse.enabled', isSwitch: true, description: 'let clients connect by SSE' },
  { path: 'http_stream.enabled', isSwitch: true, description: 'let clients connect by HTTP streaming' },
  { path: 'uni_websocket.enabled', isSwitch: true, description: 'serve unidirectional WebSocket' },
  { path: 'uni_sse.enabled', isSwitch: true, description: 'serve unidirectional SSE' },
  { path: 'uni_http_stream.enabled', isSwitch: true, description: 'serve unidirectional HTTP streaming' },
  { path: 'init.enabled', isSwitch: true, description: 'serve the endpoint that begins a connection' },
  { path: 'engine.type', description: 'only memory' },
  { path: 'broker.enabled', isSwitch: true, description: 'only with broker.type memory' },
  { path: 'broker.type', description: 'only memory' },
  { path: 'presence_manager.enabled', isSwitch: true, description: 'only with presence_manager.type memory' },
  { path: 'presence_manager.type', description: 'only memory' },
  { path: 'map_broker.type', description: 'without effect' },
  { path: 'grpc_api.enabled', isSwitch: true, description: 'not supported' },
  { path: 'grpc_api.port', description: 'without effect' },
  { path: 'uni_grpc.enabled', isSwitch: true, description: 'not supported' },
  { path: 'uni_grpc.port', description: 'without effect' },
  { path: 'swagger.enabled', isSwitch: true, description: 'without effect' },
  { path: 'debug.enabled', isSwitch: true, description: 'without effect' },
]

/** A switch may be given a value, as Go's flags may: `--health=false`. */
const valueOf = ({ isSwitch = false }: Flag): string => (isSwitch ? '[boolean]' : '<value>')

/** Centrifugo's own name of a flag that has a short form stands beside it, unseen in the help. */
export function addOptionFlags(command: Command): void {
  for (const flag of flags) {
    const long = new Option(`--${flag.path} ${valueOf(flag)}`, flag.description)
    if (flag.short === undefined) command.addOption(long)
    else {
      command.addOption(new Option(`${flag.short} ${valueOf(flag)}`, flag.description))
      command.addOption(long.hideHelp())
    }
  }
}

/** The flags that were given: options by their path, as text. */
export function optionFlagsOf(command: Command): Map<string, string> {
  const values = command.opts<Record<string, string | true | undefined>>()
  const given = new Map<string, string>()
  for (const { path, short } of flags) {
    const value = values[path] ?? values[short?.replace(/^.*--/, '') ?? path]
    if (value !== undefined) given.set(path, String(value))
  }
  return given
}
