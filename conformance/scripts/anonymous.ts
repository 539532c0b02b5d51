import { receive, script, send, settle, type Step, type Topic } from '../support/script.ts'

const withoutToken: Step[] = [send('{"id":1,"connect":{}}'), receive()]

/** Connections without a user. */
export const anonymous: Topic = {
  name: 'anonymous',
  isEverywhere: true,
  config: { client: { allow_anonymous_connect_without_token: true } },
  scripts: [
    script('connect without a token', withoutToken, settle),
    script('connect with an empty token', send('{"id":1,"connect":{"token":""}}'), settle),
    script('connect with a bad token', send('{"id":1,"connect":{"token":"nonsense"}}'), settle),
    script('subscribe to what clients may', withoutToken, send('{"id":2,"subscribe":{"channel":"open:$N"}}'), settle),
    script(
      'subscribe to what anonymous clients may',
      withoutToken,
      send('{"id":2,"subscribe":{"channel":"anonymous:$N"}}'),
      settle,
    ),
    script(
      'subscribe to a user-limited channel of nobody',
      withoutToken,
      send('{"id":2,"subscribe":{"channel":"limited:a#"}}'),
      settle,
    ),
    script(
      'subscribe with a token without sub',
      withoutToken,
      send('{"id":2,"subscribe":{"channel":"closed:$N","token":"$T"}}', { $T: { claims: { channel: 'closed:$N' } } }),
      settle,
    ),
    script(
      'subscribe with a token of a user',
      withoutToken,
      send('{"id":2,"subscribe":{"channel":"closed:$N","token":"$T"}}', {
        $T: { claims: { sub: '$N', channel: 'closed:$N' } },
      }),
      settle,
    ),
    script(
      'publish to what clients may',
      withoutToken,
      send('{"id":2,"publish":{"channel":"talk:$N","data":{}}}'),
      settle,
    ),
    script(
      'history of what clients may read',
      withoutToken,
      send('{"id":2,"history":{"channel":"readable:$N"}}'),
      settle,
    ),
    script('refresh', withoutToken, send('{"id":2,"refresh":{"token":"$TOKEN"}}'), settle),
  ],
}

/** Tokens without a user, where these are not welcome. */
export const namedOnly: Topic = {
  name: 'named users only',
  config: { client: { disallow_anonymous_connection_tokens: true } },
  scripts: [
    script('a token without sub', send('{"id":1,"connect":{"token":"$T"}}', { $T: { claims: {} } }), settle),
    script(
      'a token with an empty sub',
      send('{"id":1,"connect":{"token":"$T"}}', { $T: { claims: { sub: '' } } }),
      settle,
    ),
    script('a token with a sub', send('{"id":1,"connect":{"token":"$TOKEN"}}'), settle),
  ],
}
