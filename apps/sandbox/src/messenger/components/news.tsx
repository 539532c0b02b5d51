import { useCallback, useState } from 'react'
import type { RoomState } from '../client/types.ts'
import type { Message } from '../model.ts'
import { useNewMessages } from '../react/use-new-messages.ts'
import { plainText } from './plain-text.ts'

/** New messages for a screen reader: those of the open room whole, of others that there are some. */
export function News({ openId }: { openId: number | undefined }) {
  const [news, setNews] = useState('')
  useNewMessages(
    useCallback(
      (room: RoomState, message: Message) => {
        const from = message.author?.name ?? room.name
        setNews(
          room.id === openId ? `${from}: ${plainText(message.content)}` : `New message in ${room.name} from ${from}`,
        )
      },
      [openId],
    ),
  )
  return (
    <p aria-live="polite" data-testid="news" className="sr-only">
      {news}
    </p>
  )
}
