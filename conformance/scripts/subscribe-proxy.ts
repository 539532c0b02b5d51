import { type Topic, connect, open, receive, script, send, settle } from '../support/script.ts'
import { all, base64, json, proxied, subscribing, told } from '../support/proxied.ts'

export const subscribeProxy: Topic = {
  name: 'subscribe proxy',
  needs: 'proxies of v6',
  config: proxied,
  scripts: [
    script('what is asked', connect, send('{"id":2,"subscribe":{"channel":"asked:$N"}}'), settle),
    script(
      'what is asked with headers',
      open({ headers: { 'x-transport': 't', cookie: 'a=b' } }),
      send('{"id":1,"connect":{"token":"$TOKEN","headers":{"X-Emulated":"e"}}}'),
      receive(),
      send('{"id":2,"subscribe":{"channel":"asked:$N","data":{"a":1.0}}}'),
      settle,
    ),
    ...all(() => connect, subscribing),
    script('by another proxy', connect, send('{"id":2,"subscribe":{"channel":"named:$N","data":{"a":1}}}'), settle),
    script('too late for another proxy', connect, subscribing({ after: 800, body: '{}' }, 'named:$N'), settle),
    script(
      'everything',
      connect,
      subscribing({ body: '{"result":{"info":{"i":1},"data":{"d":1},"expire_at":$IN10MINUTES}}' }),
      send('{"id":3,"presence":{"channel":"asked:$N"}}'),
      settle,
    ),
    script(
      'override',
      connect,
      subscribing(json({ result: { override: { presence: { value: false }, force_recovery: { value: true } } } })),
      send('{"id":3,"presence":{"channel":"asked:$N"}}'),
      settle,
    ),
    script(
      'what the client wishes',
      connect,
      send(
        `{"id":2,"subscribe":{"channel":"asked:$N","positioned":true,"recoverable":true,"data":${told({ body: '{}' })}}}`,
      ),
      settle,
    ),
    script('expire_at in the past', connect, subscribing(json({ result: { expire_at: 5 } })), settle),
    script('base64', connect, subscribing(json({ result: { b64data: base64('{"b":1}'), data: 5 } })), settle),
    script('broken base64', connect, subscribing(json({ result: { b64data: '***' } })), settle),
    script(
      'an override that is null',
      connect,
      subscribing(json({ result: { override: { presence: null } } })),
      settle,
    ),
    script(
      'an override of the wrong type',
      connect,
      subscribing(json({ result: { override: { presence: true } } })),
      settle,
    ),
    script('a user-limited channel', connect, subscribing({ body: '{"error":{"code":1000}}' }, 'asked:#$N'), settle),
    script("another user's channel", connect, subscribing({ body: '{}' }, 'asked:#other'), settle),
    script('a private channel', connect, subscribing({ body: '{}' }, '$asked:$N'), settle),
    script(
      'a token is not asked about',
      connect,
      send(`{"id":2,"subscribe":{"channel":"asked:$N","token":"$T","data":${told({ status: 500 })}}}`, {
        $T: { claims: { sub: '$N', channel: 'asked:$N' } },
      }),
      settle,
    ),
    script(
      'named on connect',
      send('{"id":1,"connect":{"token":"$TOKEN","subs":{"asked:$N":{},"open:$N":{}}}}'),
      settle,
    ),
  ],
}
