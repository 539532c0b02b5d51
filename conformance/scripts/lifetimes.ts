import {
  closed,
  connect,
  inSeconds,
  open,
  pause,
  receive,
  script,
  send,
  settle,
  type Topic,
} from '../support/script.ts'

const expiring = (seconds: number) =>
  send('{"id":1,"connect":{"token":"$T"}}', { $T: { claims: { sub: '$N', exp: inSeconds(seconds) } } })
const subscribing = (seconds: number) =>
  send('{"id":2,"subscribe":{"channel":"open:$N","token":"$T"}}', {
    $T: { claims: { sub: '$N', channel: 'open:$N', exp: inSeconds(seconds) } },
  })

/** What only time brings about, with everything set to about a second. */
export const lifetimes: Topic = {
  name: 'lifetimes',
  config: {
    client: {
      stale_close_delay: '1s',
      expired_close_delay: '1s',
      expired_sub_close_delay: '1s',
      presence_update_interval: '1s',
      ping_interval: '1s',
      pong_timeout: '500ms',
    },
  },
  scripts: [
    script('a connection that says nothing', closed),
    script('a ping that is not answered', connect, closed),
    script('a ping that is answered, and the next one not', connect, receive(), send('{}'), receive(), closed),
    script('a pong that comes twice', connect, receive(), send('{}\n{}'), closed),
    script(
      'pings of WebSocket itself',
      open({ query: '?cf_ws_frame_ping_pong=true' }),
      connect,
      pause(2_500, 'a ping comes every second'),
      settle,
    ),
    script(
      'commands in place of a pong',
      connect,
      receive(),
      send('{"id":2,"unsubscribe":{"channel":"open:a"}}'),
      closed,
    ),
  ],
}

/** Expiry, with pings out of the way. */
export const expiry: Topic = {
  name: 'expiry',
  config: {
    client: { expired_close_delay: '1s', expired_sub_close_delay: '1s', presence_update_interval: '1s' },
  },
  scripts: [
    script('a token that is not refreshed', expiring(3), closed),
    script(
      'a token that is refreshed',
      expiring(3),
      receive(),
      send('{"id":2,"refresh":{"token":"$TOKEN"}}'),
      pause(5500, 'the first token lives 3 s and has 1 s to be refreshed'),
      settle,
    ),
    script(
      'a token that is refreshed too late',
      expiring(3),
      receive(),
      pause(5000, 'the token lives 3 s and has 1 s to be refreshed'),
      send('{"id":2,"refresh":{"token":"$TOKEN"}}'),
      closed,
    ),
    script('a subscription that is not refreshed', connect, subscribing(3), receive(2), settle),
    script(
      'a subscription that is refreshed',
      connect,
      subscribing(3),
      receive(),
      send('{"id":3,"sub_refresh":{"channel":"open:$N","token":"$T"}}', {
        $T: { claims: { sub: '$N', channel: 'open:$N', exp: inSeconds(600) } },
      }),
      pause(6500, 'the first subscription token lives 3 s and has 1 s to be refreshed'),
      settle,
    ),
  ],
}
