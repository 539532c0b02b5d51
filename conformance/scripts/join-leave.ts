import {
  type Step,
  type Topic,
  api,
  connect,
  hangUp,
  inSeconds,
  open,
  receive,
  script,
  send,
  settle,
} from '../support/script.ts'

const subscribe = (channel: string, more = '', id = 2): Step =>
  send(`{"id":${id},"subscribe":{"channel":"${channel}"${more}}}`)
const asked = ',"join_leave":true'
const unsubscribe = (channel: string): Step => send(`{"id":7,"unsubscribe":{"channel":"${channel}"}}`)

/** A second connection comes and goes by the server API, so that the first one's order of hearing is fixed. */
/** Who comes and who goes, told to those who are there. */
export const joinLeave: Topic = {
  name: 'join and leave',
  isEverywhere: true,
  scripts: [
    script('the own join, forced', connect, subscribe('joinforced:$N'), receive(2), settle),
    script('the own join, asked for', connect, subscribe('joinasked:$N', asked), receive(2), settle),
    script('the own join, not asked for', connect, subscribe('joinasked:$N'), settle),
    script('asked for without access to presence', connect, subscribe('joinclosed:$N', asked), settle),
    script('asked for where there is none', connect, subscribe('joinless:$N', asked), settle),
    script(
      'the own leave is not heard',
      connect,
      subscribe('joinforced:$N'),
      receive(2),
      unsubscribe('joinforced:$N'),
      settle,
    ),
    script(
      'unsubscribed by the server API',
      connect,
      subscribe('joinforced:$N'),
      receive(2),
      api('unsubscribe', '{"user":"$N","channel":"joinforced:$N"}'),
      settle,
    ),
    script(
      'subscribed by the server API',
      connect,
      api('subscribe', '{"user":"$N","channel":"joinforced:$N"}'),
      receive(2),
      api('unsubscribe', '{"user":"$N","channel":"joinforced:$N"}'),
      settle,
    ),
    script(
      'again after leaving',
      connect,
      subscribe('joinforced:$N'),
      receive(2),
      unsubscribe('joinforced:$N'),
      receive(),
      subscribe('joinforced:$N', '', 8),
      receive(2),
      settle,
    ),
    script(
      'with info of both kinds',
      send('{"id":1,"connect":{"token":"$T"}}', { $T: { claims: { sub: '$N', exp: inSeconds(600), info: { a: 1 } } } }),
      receive(),
      send('{"id":2,"subscribe":{"channel":"joinforced:$N","token":"$T"}}', {
        $T: { claims: { sub: '$N', channel: 'joinforced:$N', exp: inSeconds(600), info: { b: 2 } } },
      }),
      receive(2),
      settle,
    ),
    script(
      'by the token of the subscription',
      connect,
      send('{"id":2,"subscribe":{"channel":"joinasked:$N","token":"$T"}}', {
        $T: {
          claims: {
            sub: '$N',
            channel: 'joinasked:$N',
            exp: inSeconds(600),
            override: { force_push_join_leave: { value: true } },
          },
        },
      }),
      receive(2),
      settle,
    ),
    script(
      'not by the token of the subscription',
      connect,
      send('{"id":2,"subscribe":{"channel":"joinforced:$N","token":"$T"}}', {
        $T: {
          claims: {
            sub: '$N',
            channel: 'joinforced:$N',
            exp: inSeconds(600),
            override: { join_leave: { value: false } },
          },
        },
      }),
      settle,
    ),
    script('on connect', send('{"id":1,"connect":{"token":"$TOKEN","subs":{"joinforced:$N":{}}}}'), receive(2), settle),
    script(
      'joins are not in the history',
      connect,
      subscribe('joinforced:$N'),
      receive(2),
      api('history', '{"channel":"joinforced:$N","limit":10}'),
      settle,
    ),
    script(
      'a second connection comes',
      connect,
      subscribe('joinforced:$N'),
      receive(2),
      open(),
      connect,
      subscribe('joinforced:$N'),
      receive(2),
      settle,
    ),
    script(
      'one that hangs up has left',
      connect,
      subscribe('joinforced:$N'),
      receive(2),
      hangUp,
      connect,
      subscribe('joinforced:$N'),
      receive(2),
      send('{"id":5,"presence":{"channel":"joinforced:$N"}}'),
      settle,
    ),
  ],
}
