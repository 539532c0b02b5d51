import { api, connect, open, receive, script, send, settle, type Topic } from '../support/script.ts'

/** A command that is exactly this long. */
const long = (bytes: number) => {
  const frame = (more: string) => `{"id":2,"subscribe":{"channel":"open:a","more":"${more}"}}`
  return frame('a'.repeat(bytes - frame('').length))
}

/** What happens at the limits of the configuration. */
export const limits: Topic = {
  name: 'limits',
  config: {
    client: { channel_limit: 3, user_connection_limit: 2 },
    channel: { max_length: 20 },
    websocket: { message_size_limit: 1000 },
  },
  scripts: [
    script(
      'channels up to the limit and one more',
      connect,
      send(
        '{"id":2,"subscribe":{"channel":"open:1"}}\n{"id":3,"subscribe":{"channel":"open:2"}}\n{"id":4,"subscribe":{"channel":"open:3"}}\n{"id":5,"subscribe":{"channel":"open:4"}}',
      ),
      settle,
    ),
    script(
      'a channel less makes room',
      connect,
      send(
        '{"id":2,"subscribe":{"channel":"open:1"}}\n{"id":3,"subscribe":{"channel":"open:2"}}\n{"id":4,"subscribe":{"channel":"open:3"}}\n{"id":5,"unsubscribe":{"channel":"open:1"}}\n{"id":6,"subscribe":{"channel":"open:4"}}',
      ),
      settle,
    ),
    script(
      'a channel at the limit again',
      connect,
      send(
        '{"id":2,"subscribe":{"channel":"open:1"}}\n{"id":3,"subscribe":{"channel":"open:2"}}\n{"id":4,"subscribe":{"channel":"open:3"}}\n{"id":5,"subscribe":{"channel":"open:1"}}',
      ),
      settle,
    ),
    script(
      'denied channels do not count',
      connect,
      send(
        '{"id":2,"subscribe":{"channel":"closed:1"}}\n{"id":3,"subscribe":{"channel":"closed:2"}}\n{"id":4,"subscribe":{"channel":"closed:3"}}\n{"id":5,"subscribe":{"channel":"open:1"}}',
      ),
      settle,
    ),
    script(
      'more channels in the token than the limit',
      send('{"id":1,"connect":{"token":"$T"}}', {
        $T: { claims: { sub: '$N', channels: ['open:1', 'open:2', 'open:3', 'open:4'] } },
      }),
      settle,
    ),
    script(
      'connections of one user',
      connect,
      open(),
      connect,
      open(),
      send('{"id":1,"connect":{"token":"$TOKEN"}}'),
      settle,
    ),
    script(
      'connections of anonymous users',
      send('{"id":1,"connect":{"token":"$T"}}', { $T: { claims: { sub: '' } } }),
      receive(),
      open(),
      send('{"id":1,"connect":{"token":"$T"}}', { $T: { claims: { sub: '' } } }),
      receive(),
      open(),
      send('{"id":1,"connect":{"token":"$T"}}', { $T: { claims: { sub: '' } } }),
      settle,
    ),
    script('20 bytes of channel', connect, send(`{"id":2,"subscribe":{"channel":"open:${'a'.repeat(15)}"}}`), settle),
    script('21 bytes of channel', connect, send(`{"id":2,"subscribe":{"channel":"open:${'a'.repeat(16)}"}}`), settle),
    script('a message of 1000 bytes', connect, send(long(1000)), settle),
    script('a message of 1001 bytes', connect, send(long(1001)), settle),
    script(
      'a large publication from the server',
      connect,
      send('{"id":2,"subscribe":{"channel":"open:large"}}'),
      receive(),
      api('publish', `{"channel":"open:large","data":"${'x'.repeat(5000)}"}`),
      settle,
    ),
  ],
}
