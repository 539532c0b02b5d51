import { api, connect, inSeconds, receive, script, send, settle, type Topic } from '../support/script.ts'

const here = [...connect, send('{"id":2,"subscribe":{"channel":"present:$N"}}'), receive()]

/** Who is in a channel. */
export const presence: Topic = {
  name: 'presence',
  isEverywhere: true,
  scripts: [
    script('presence of an empty channel', connect, send('{"id":3,"presence":{"channel":"present:$N"}}'), settle),
    script('presence of one', here, send('{"id":3,"presence":{"channel":"present:$N"}}'), settle),
    script(
      'presence of one who has left',
      here,
      send('{"id":3,"unsubscribe":{"channel":"present:$N"}}\n{"id":4,"presence":{"channel":"present:$N"}}'),
      settle,
    ),
    script(
      'presence with info',
      send('{"id":1,"connect":{"token":"$T"}}', { $T: { claims: { sub: '$N', info: { a: 1 } } } }),
      receive(),
      send('{"id":2,"subscribe":{"channel":"present:$N","token":"$T"}}', {
        $T: { claims: { sub: '$N', channel: 'present:$N', exp: inSeconds(600), info: { b: 2 } } },
      }),
      receive(),
      send('{"id":3,"presence":{"channel":"present:$N"}}'),
      settle,
    ),
    script(
      'presence stats of an empty channel',
      connect,
      send('{"id":3,"presence_stats":{"channel":"present:$N"}}'),
      settle,
    ),
    script('presence stats of one', here, send('{"id":3,"presence_stats":{"channel":"present:$N"}}'), settle),
    script(
      'presence not allowed',
      connect,
      send(
        '{"id":2,"presence":{"channel":"presentclosed:$N"}}\n{"id":3,"presence_stats":{"channel":"presentclosed:$N"}}',
      ),
      settle,
    ),
    script('presence by the server API', here, api('presence', '{"channel":"present:$N"}')),
    script('presence stats by the server API', here, api('presence_stats', '{"channel":"present:$N"}')),
    script('presence of an empty channel by the server API', api('presence', '{"channel":"present:$N"}')),
    script('presence stats of an empty channel by the server API', api('presence_stats', '{"channel":"present:$N"}')),
  ],
}
