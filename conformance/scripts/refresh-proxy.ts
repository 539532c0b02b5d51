import {
  type Script,
  type Step,
  type Topic,
  closed,
  connect,
  inSeconds,
  pause,
  receive,
  script,
  send,
  settle,
} from '../support/script.ts'
import { type Answer, answers, json, proxy, subscribing } from '../support/proxied.ts'

/** Answers whose asking is the server's, told by the connection's meta. */
const refreshed = (answer: Answer, seconds = 2): Step =>
  send('{"id":1,"connect":{"token":"$T"}}', {
    $T: { claims: { sub: '$N', exp: inSeconds(seconds), meta: { refresh: answer } } },
  })
const inAMoment = 'the connection lives 2 s'

/** How a subscription that lives two seconds ends, or does not. */
const renewed = (name: string, answer: Answer): Script =>
  script(
    `sub_refresh: ${name}`,
    send('{"id":1,"connect":{"token":"$T"}}', { $T: { claims: { sub: '$N', meta: { sub_refresh: answer } } } }),
    receive(),
    send('{"id":2,"subscribe":{"channel":"renewed:$N","token":"$T"}}', {
      $T: { claims: { sub: '$N', channel: 'renewed:$N', exp: inSeconds(2) } },
    }),
    receive(),
    pause(7500, 'the subscription lives 2 s, has 1 s more and is looked at every second'),
    settle,
  )

export const refreshProxy: Topic = {
  name: 'refresh proxy',
  needs: 'proxies of v6',
  config: {
    client: {
      expired_close_delay: '1s',
      expired_sub_close_delay: '1s',
      presence_update_interval: '1s',
      allow_anonymous_connect_without_token: true,
      proxy: { refresh: { enabled: true, ...proxy('refresh'), include_connection_meta: true } },
    },
    channel: {
      proxy: {
        subscribe: proxy('subscribe'),
        sub_refresh: { ...proxy('sub_refresh'), include_connection_meta: true },
      },
      namespaces: [
        { name: 'open', allow_subscribe_for_client: true },
        {
          name: 'renewed',
          allow_subscribe_for_client: true,
          sub_refresh_proxy_enabled: true,
          presence: true,
          allow_presence_for_subscriber: true,
        },
        { name: 'asked', subscribe_proxy_enabled: true, sub_refresh_proxy_enabled: true },
        { name: 'once', subscribe_proxy_enabled: true },
      ],
    },
    rpc: {
      without_namespace: { proxy_enabled: true },
      proxy: { ...proxy('rpc'), include_connection_meta: true },
    },
  },
  scripts: [
    script('refresh: a command of the client', connect, send('{"id":2,"refresh":{"token":"$TOKEN"}}'), settle),
    script('refresh: a command without a token', connect, send('{"id":2,"refresh":{}}'), settle),
    ...[
      'an empty object',
      'an empty result',
      'null',
      'an error',
      'a disconnect',
      'status 404, which means an error',
      'status 410, which means a disconnect',
    ].map((name) => script(`refresh: ${name}`, refreshed(answers[name] ?? {}), closed)),
    script('refresh: expired', refreshed({ body: '{"result":{"expired":true}}' }), closed),
    script('refresh: expire_at in the past', refreshed({ body: '{"result":{"expire_at":5}}' }), closed),
    script(
      'refresh: broken base64',
      refreshed({ body: '{"result":{"expire_at":4000000000,"b64info":"***"}}' }),
      closed,
    ),
    ...['status 500', 'garbage', 'too late', 'a connection that ends', 'a result that is text'].map((name) =>
      script(`refresh: ${name}`, refreshed(answers[name] ?? {}), receive(), pause(5500, inAMoment), settle),
    ),
    script(
      'refresh: renewed',
      refreshed({ body: '{"result":{"expire_at":4000000000,"info":{"i":2},"meta":{"m":2}}}' }),
      receive(),
      pause(4500, inAMoment),
      send('{"id":2,"rpc":{"method":"m","data":{}}}'),
      send('{"id":3,"subscribe":{"channel":"renewed:$N"}}'),
      receive(2),
      send('{"id":4,"presence":{"channel":"renewed:$N"}}'),
      settle,
    ),
    script('refresh: what is asked', refreshed({}), closed),

    script(
      'sub_refresh: a subscription token',
      connect,
      send('{"id":2,"subscribe":{"channel":"renewed:$N","token":"$T"}}', {
        $T: { claims: { sub: '$N', channel: 'renewed:$N', exp: inSeconds(600) } },
      }),
      send('{"id":3,"sub_refresh":{"channel":"renewed:$N","token":"x"}}'),
      settle,
    ),
    script(
      'sub_refresh: a command without a token',
      connect,
      send('{"id":2,"subscribe":{"channel":"renewed:$N"}}'),
      send('{"id":3,"sub_refresh":{"channel":"renewed:$N"}}'),
      settle,
    ),
    script(
      'sub_refresh: a command where nobody is subscribed',
      connect,
      send('{"id":3,"sub_refresh":{"channel":"renewed:$N","token":"x"}}'),
      settle,
    ),
    script(
      'sub_refresh: after the subscribe proxy',
      connect,
      subscribing(json({ result: { expire_at: 4_000_000_000 } })),
      settle,
    ),
    script(
      'sub_refresh: after the subscribe proxy alone',
      connect,
      subscribing({ body: '{"result":{"expire_at":$IN10MINUTES}}' }, 'once:$N'),
      settle,
    ),

    ...[
      'an empty object',
      'an empty result',
      'null',
      'an error',
      'a disconnect',
      'status 500',
      'garbage',
      'too late',
    ].map((name) => renewed(name, answers[name] ?? {})),
    renewed('expired', { body: '{"result":{"expired":true}}' }),
    renewed('expire_at', { body: '{"result":{"expire_at":4000000000,"info":{"c":1}}}' }),
    renewed('expire_at in the past', { body: '{"result":{"expire_at":5}}' }),
    renewed('broken base64', { body: '{"result":{"expire_at":4000000000,"b64info":"***"}}' }),
  ],
}
