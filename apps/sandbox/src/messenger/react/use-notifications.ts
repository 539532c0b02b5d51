import { useCallback, useState } from 'react'
import type { RoomState } from '../client/types.ts'
import { plainText } from '../components/plain-text.ts'
import type { Message } from '../model.ts'
import { useMessengerNavigation } from './use-navigation.ts'
import { useNewMessages } from './use-new-messages.ts'
import { readStored, writeStored } from './stored.ts'

export interface NotificationChoice {
  readonly on: boolean
  /** The browser was told not to, or knows no notifications. */
  readonly blocked: boolean
  readonly set: (on: boolean) => void
}

const key = 'messenger.notifications'

/** Tells of messages while this tab is hidden, if I asked for it and the browser lets it. */
export function useNotifications(): NotificationChoice {
  const { toRoom } = useMessengerNavigation()
  const [permission, setPermission] = useState<NotificationPermission>(() =>
    'Notification' in globalThis ? Notification.permission : 'denied',
  )
  const [wanted, setWanted] = useState(() => readStored(key) === 'on')
  const on = wanted && permission === 'granted'

  useNewMessages(
    useCallback(
      (room: RoomState, message: Message) => {
        if (!on || document.visibilityState === 'visible') return
        let notification: Notification
        try {
          // One per room: the later one takes the earlier one's place.
          notification = new Notification(room.name, { body: notificationBody(room, message), tag: `room-${room.id}` })
        } catch {
          // Chrome on Android grants the permission and has notifications of service workers alone.
          setPermission('denied')
          return
        }
        notification.addEventListener('click', () => {
          focus()
          toRoom(room.id)
          notification.close()
        })
      },
      [on, toRoom],
    ),
  )

  const set = (next: boolean) => {
    const choose = (value: boolean) => {
      setWanted(value)
      writeStored(key, value ? 'on' : '')
    }
    if (!next || permission !== 'default') return choose(next)
    void Notification.requestPermission().then((answer) => {
      setPermission(answer)
      choose(answer === 'granted')
    })
  }
  return { on, blocked: permission === 'denied', set }
}

function notificationBody(room: RoomState, message: Message): string {
  const text = plainText(message.content)
  return room.kind === 'direct' || message.author === null ? text : `${message.author.name}: ${text}`
}
