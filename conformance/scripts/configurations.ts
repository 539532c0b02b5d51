import { api, connect, http, open, receive, script, send, settle, type Topic } from '../support/script.ts'

/** What single options of the configuration change. */
export const configurations: readonly Topic[] = [
  {
    name: 'connection limit',
    config: { client: { connection_limit: 2 } },
    scripts: [script('connections above the limit of all', connect, open(), connect, open())],
  },
  {
    name: 'no api key',
    config: { http_api: { key: '' } },
    scripts: [
      script(
        'a call without a key',
        http({ method: 'POST', path: '/api/publish', body: '{"channel":"open:a","data":{}}' }),
      ),
      script('a call with an empty key', api('publish', '{"channel":"open:a","data":{}}', { 'x-api-key': '' })),
      script('a call with any key', api('publish', '{"channel":"open:a","data":{}}')),
    ],
  },
  {
    name: 'transport errors',
    config: { http_api: { error_mode: 'transport' } },
    scripts: [
      script('publish to an unknown namespace', api('publish', '{"channel":"nowhere:a","data":{}}')),
      script('publish without data', api('publish', '{"channel":"open:a"}')),
      script('publish', api('publish', '{"channel":"open:a","data":{}}')),
      script('broadcast with an unknown namespace', api('broadcast', '{"channels":["nowhere:a"],"data":{}}')),
      script(
        'a batch with an unknown namespace',
        api('batch', '{"commands":[{"publish":{"channel":"nowhere:a","data":{}}}]}'),
      ),
    ],
  },
  {
    name: 'no origins',
    config: { client: { allowed_origins: [] } },
    scripts: [
      script('any origin', open({ headers: { origin: 'http://allowed.example' } })),
      script('the own origin', open({ headers: { origin: 'http://$HOST' } })),
      script('no origin', open({ headers: { origin: '' } }), connect),
    ],
  },
  {
    name: 'all origins',
    config: { client: { allowed_origins: ['*'] } },
    scripts: [script('any origin', open({ headers: { origin: 'https://foreign.example' } }), connect)],
  },
  {
    name: 'no token key',
    config: { client: { token: { hmac_secret_key: '' } } },
    scripts: [
      script('a token', send('{"id":1,"connect":{"token":"$TOKEN"}}'), settle),
      script('no token', send('{"id":1,"connect":{}}'), settle),
    ],
  },
  {
    name: 'subscription token key',
    config: { client: { subscription_token: { enabled: true, hmac_secret_key: 'another key' } } },
    scripts: [
      script(
        'a subscription token of its own key',
        connect,
        send('{"id":2,"subscribe":{"channel":"closed:$N","token":"$T"}}', {
          $T: { claims: { sub: '$N', channel: 'closed:$N' }, key: 'another key' },
        }),
        settle,
      ),
      script(
        'a subscription token of the connection key',
        connect,
        send('{"id":2,"subscribe":{"channel":"closed:$N","token":"$T"}}', {
          $T: { claims: { sub: '$N', channel: 'closed:$N' } },
        }),
        settle,
      ),
      script(
        'a connection token of the subscription key',
        send('{"id":1,"connect":{"token":"$T"}}', { $T: { claims: { sub: '$N' }, key: 'another key' } }),
        settle,
      ),
    ],
  },
  {
    name: 'channels without a namespace',
    config: {
      channel: {
        without_namespace: {
          allow_subscribe_for_client: true,
          history_size: 10,
          history_ttl: '300s',
          force_recovery: true,
          allow_history_for_client: true,
        },
      },
    },
    scripts: [
      script(
        'subscribe, publish, history',
        connect,
        send('{"id":2,"subscribe":{"channel":"$N"}}'),
        receive(),
        api('publish', '{"channel":"$N","data":{}}'),
        send('{"id":3,"history":{"channel":"$N","limit":5}}'),
        settle,
      ),
      script(
        'a channel that begins with the boundary',
        connect,
        send('{"id":2,"subscribe":{"channel":":$N"}}'),
        settle,
      ),
      script('the boundary alone', connect, send('{"id":2,"subscribe":{"channel":":"}}'), settle),
    ],
  },
]
