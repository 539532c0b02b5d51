/** A page that listens to events and needs nothing else of the client. */
import { connectEvents } from '@backchannel/realtime/client'

declare const window: Record<string, unknown>
Object.assign(window, { connectEvents })
