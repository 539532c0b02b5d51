import { useEffect, useState, type ReactNode } from 'react'
import type { ConnectionOptions, RealtimeConnection } from '../client/index.ts'
import { Callbacks } from '../client/callbacks.ts'
import { askTokenSource } from '../client/token-answer.ts'
import { RealtimeContext } from './context.ts'
import { useLatest } from './use-latest.ts'

export interface RealtimeProviderProps extends Omit<ConnectionOptions, 'url'> {
  /** Nothing opens without one. A wrong one goes to `onError` (stage `connect`), else to the console; the page stays. */
  url: string | undefined
  /** @default true */
  enabled?: boolean | undefined
  children?: ReactNode
}

/**
 * One connection for everything below. It opens after mounting, never on the server, and closes with the provider or
 * with `enabled={false}`. A new `url` is a new connection; a new `token` is the next attempt's, and other props may
 * change at will. When the user changes, give the provider a `key` of the user's id.
 */
export function RealtimeProvider({ children, enabled = true, ...options }: RealtimeProviderProps): ReactNode {
  const [connection, setConnection] = useState<RealtimeConnection | null>(null)
  const latest = useLatest(options)
  const { url, token } = options

  useEffect(() => {
    if (!enabled || url === undefined || url === '') return undefined
    let opened: RealtimeConnection | undefined
    let gone = false
    const open = async () => {
      // Loaded here and not above: a server never loads the client, and a page loads it when it needs it.
      const { createConnection } = await import('../client/connection.ts')
      if (gone) return
      try {
        opened = createConnection(connectionOptions(url, () => latest.current))
        setConnection(opened)
      } catch (error) {
        failed(latest.current, error instanceof Error ? error.message : String(error), error)
      }
    }
    open().catch((error: unknown) => {
      if (!gone) failed(latest.current, 'The realtime client could not be loaded', error)
    })
    return () => {
      gone = true
      opened?.close()
      setConnection(null)
    }
  }, [url, enabled, latest])

  useEffect(() => {
    if (token !== undefined) connection?.setToken(token)
  }, [connection, token])

  return <RealtimeContext.Provider value={connection}>{children}</RealtimeContext.Provider>
}

/** Live updates are an addition: a page that cannot have them is shown all the same. */
function failed({ onError }: Pick<ConnectionOptions, 'onError'>, message: string, error: unknown): void {
  if (onError) new Callbacks(onError).report({ stage: 'connect', message, error })
  // oxlint-disable-next-line no-console -- an app's own mistake, with nobody to report it to
  else console.error(`[realtime] ${message}`)
}

/** Options whose functions are looked up when they are called. */
function connectionOptions(url: string, latest: () => Omit<ConnectionOptions, 'url'>): ConnectionOptions {
  const { getToken, onError, ...options } = latest()
  return {
    ...options,
    url,
    // A URL may become a function and the reverse, so the source is looked up each time.
    getToken: getToken && (() => askTokenSource(latest().getToken ?? getToken, {})),
    onState: (connected) => latest().onState?.(connected),
    onConnection: (status) => latest().onConnection?.(status),
    onServerPublication: (publication) => latest().onServerPublication?.(publication),
    onUnauthorized: (refusal) => latest().onUnauthorized?.(refusal),
    onError: onError && ((error) => (latest().onError ?? onError)(error)),
  }
}
