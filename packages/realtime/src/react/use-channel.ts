import { useEffect, useState, useSyncExternalStore } from 'react'
import type { ChannelHandle, ChannelOptions, PayloadOf, SubscriptionStatus } from '../client/index.ts'
import { askTokenSource } from '../client/token-answer.ts'
import { useRealtime } from './context.ts'
import { useLatest } from './use-latest.ts'

export type UseChannelOptions<Channel extends string = string, Data = unknown> = Omit<
  ChannelOptions<Channel, Data>,
  'channel' | 'onMessage'
>

const idle: SubscriptionStatus = Object.freeze({ state: 'unsubscribed', code: 0, reason: 'not opened' })

/**
 * Listens to a channel of the provider's connection while the component is mounted, and tells where the subscription
 * stands. The callbacks of the latest render are called; they need no memo. Components that name the same channel share
 * one subscription. No channel (undefined, null, '') listens to nothing.
 */
export function useChannel<Channel extends string, Data = unknown>(
  channel: Channel | null | undefined,
  onMessage: (data: PayloadOf<Channel, Data>) => unknown,
  options: UseChannelOptions<Channel, Data> = {},
): SubscriptionStatus {
  const connection = useRealtime()
  const latest = useLatest({ ...options, onMessage })
  const [handle, setHandle] = useState<ChannelHandle | null>(null)

  useEffect(() => {
    if (connection === null || channel === null || channel === undefined || channel === '') return undefined
    const { getToken, ...options } = latest.current
    const opened = connection.subscribe<Channel, Data>({
      ...options,
      channel,
      onMessage: (data) => latest.current.onMessage(data),
      onPublication: (publication) => latest.current.onPublication?.(publication),
      onSubscription: (status) => latest.current.onSubscription?.(status),
      getToken: getToken && ((context) => askTokenSource(latest.current.getToken ?? getToken, context)),
    })
    setHandle(opened)
    return () => {
      opened.close()
      setHandle(null)
    }
  }, [connection, channel, latest])

  return useSyncExternalStore(
    handle?.onChange ?? ignore,
    () => handle?.status ?? idle,
    () => idle,
  )
}

function ignore(): () => void {
  return () => {}
}
