/** What the server around the hub is told by the configuration. */
import { parseDuration } from '@backchannel/hub/config'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'none'] as const
export type LogLevel = (typeof logLevels)[number]

export interface ServerSettings {
  readonly address: string
  readonly port: number
  readonly internalAddress: string
  readonly internalPort: number
  readonly logLevel: LogLevel
  /** Empty: standard output. */
  readonly logFile: string
  readonly pidFile: string
  readonly shutdownTimeoutMs: number
  /** Paths without a slash at the end; empty is the root. */
  readonly paths: { readonly api: string; readonly admin: string; readonly health: string; readonly metrics: string }
  readonly isEnabled: { readonly admin: boolean; readonly health: boolean; readonly metrics: boolean }
  /** Whether it is served where clients connect, too, when there is another port for what is not theirs. */
  readonly isExternal: { readonly api: boolean; readonly admin: boolean }
  readonly admin: { readonly password: string; readonly secret: string; readonly insecure: boolean }
}

type Options = (path: string) => unknown

/** @param report gets what is wrong with a value, with the option's path */
export function serverSettings(option: Options, report: (problem: string) => void): ServerSettings {
  const text = (path: string): string => String(option(path))
  const is = (path: string): boolean => option(path) === true
  const prefix = (path: string): string => text(path).replace(/\/+$/, '')
  const port = portOf(option, 'http_server.port', report)
  return {
    address: text('http_server.address'),
    port,
    internalAddress: text('http_server.internal_address') || text('http_server.address'),
    internalPort: text('http_server.internal_port') === '' ? port : portOf(option, 'http_server.internal_port', report),
    logLevel: levelOf(text('log.level'), report),
    logFile: text('log.file'),
    pidFile: text('pid_file'),
    shutdownTimeoutMs: parseDuration(text('shutdown.timeout')) ?? 0,
    paths: {
      api: prefix('http_api.handler_prefix'),
      admin: prefix('admin.handler_prefix'),
      health: prefix('health.handler_prefix'),
      metrics: prefix('prometheus.handler_prefix'),
    },
    isEnabled: { admin: is('admin.enabled'), health: is('health.enabled'), metrics: is('prometheus.enabled') },
    isExternal: { api: is('http_api.external'), admin: is('admin.external') },
    admin: { password: text('admin.password'), secret: text('admin.secret'), insecure: is('admin.insecure') },
  }
}

function portOf(option: Options, path: string, report: (problem: string) => void): number {
  const port = Number(option(path))
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  report(`${path}: expected a port from 0 to 65535, got ${String(option(path)).slice(0, 20)}`)
  return 0
}

function levelOf(text: string, report: (problem: string) => void): LogLevel {
  const level = logLevels.find((name) => name === text)
  if (level === undefined) report(`log.level: expected one of ${logLevels.join(', ')}`)
  return level ?? 'info'
}
