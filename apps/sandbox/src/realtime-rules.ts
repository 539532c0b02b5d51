/**
 * Who may do what on the embedded hub, beyond what `centrifugo/config.json` says. In development an edit takes effect at
 * once, on the same hub and the same open connections.
 *
 * A subscription with a token never gets here: the token is the permission, and only the server issues one.
 */
import { replyError, type HubHandlers } from '@backchannel/hub'
import { demoChannel } from './lib/channels.ts'

export const realtimeRules: HubHandlers = {
  onSubscribe({ channel }) {
    // The namespace is open to every signed-in user; the sandbox has one channel in it.
    if (channel.startsWith('sandbox:') && channel !== demoChannel) throw replyError('permissionDenied')
    return undefined
  },
}
