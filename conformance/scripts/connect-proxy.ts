import { type Topic, connect, open, receive, script, send, settle } from '../support/script.ts'
import { all, base64, connecting, json, proxied, told, user } from '../support/proxied.ts'

export const connectProxy: Topic = {
  name: 'connect proxy',
  isEverywhere: true,
  needs: 'proxies of v6',
  config: proxied,
  scripts: [
    script('what is asked', send('{"id":1,"connect":{}}'), settle),
    script(
      'what is asked with everything',
      open({ headers: { 'x-transport': 't', 'x-both': 'transport', cookie: 'a=b', 'x-other': 'o' } }),
      send(
        '{"id":1,"connect":{"data":{"a":1.0},"name":"js","version":"1.2.3","subs":{"open:$N":{}},"headers":{"X-Emulated":"e","x-both":"emulated","x-transport":"e","x-other":"e"}}}',
      ),
      settle,
    ),
    script(
      'emulated headers alone',
      send('{"id":1,"connect":{"headers":{"X-EMULATED":"e","x-both":"emulated"}}}'),
      settle,
    ),
    ...all(connecting),
    script('a token is not asked about', connect, settle),
    script(
      'everything',
      connecting(
        json({
          result: {
            ...user,
            info: { i: 1 },
            data: { d: 1 },
            channels: ['asked:$N'],
            meta: { m: 1 },
          },
        }),
      ),
      send('{"id":2,"presence":{"channel":"asked:$N"}}'),
      send('{"id":3,"rpc":{"method":"meta:m","data":{}}}'),
      settle,
    ),
    script(
      'subs',
      connecting(
        json({
          result: {
            ...user,
            subs: { 'asked:$N': { info: { i: 1 }, data: { d: 1 }, override: { force_recovery: { value: true } } } },
          },
        }),
      ),
      send('{"id":2,"presence":{"channel":"asked:$N"}}'),
      settle,
    ),
    script(
      'a sub with less than its namespace',
      connecting(
        json({
          result: {
            ...user,
            channels: ['stream:$N'],
            subs: {
              'stream:$N': { b64data: base64('{"b":1}'), override: { force_recovery: { value: false } }, expire_at: 5 },
            },
          },
        }),
      ),
      settle,
    ),
    script(
      'channels that the client names',
      send(`{"id":1,"connect":{"subs":{"open:$N":{}},"data":${told(json({ result: user }))}}}`),
      settle,
    ),
    script('base64', connecting(json({ result: { ...user, b64data: base64('{"b":1}'), data: { d: 1 } } })), settle),
    script('base64 of no JSON', connecting(json({ result: { ...user, b64data: base64('plain') } })), settle),
    script('broken base64', connecting(json({ result: { ...user, b64data: '***' } })), settle),
    script('broken base64 of info', connecting(json({ result: { ...user, b64info: '***' } })), settle),
    script('data is null', connecting(json({ result: { ...user, data: null } })), settle),
    script(
      'info is null',
      connecting(json({ result: { ...user, info: null, channels: ['asked:$N'] } })),
      send('{"id":2,"presence":{"channel":"asked:$N"}}'),
      settle,
    ),
    script(
      'data of big numbers',
      connecting({ body: '{"result":{"user":"u","data":{"n":12345678901234567890,"f":1.0}}}' }),
      settle,
    ),
    script(
      'data over several lines',
      connecting({ body: '{\n"result": {\n"user":"u",\n"data":{\n"a":\n1}}}' }),
      settle,
    ),
    script('no user', connecting(json({ result: { data: {} } })), settle),
    script('a user that is a number', connecting(json({ result: { user: 5 } })), settle),
    script('a user that is null', connecting(json({ result: { user: null } })), settle),
    script('expire_at', connecting(json({ result: { ...user, expire_at: 4_000_000_000 } })), settle),
    script('expire_at in the past', connecting(json({ result: { ...user, expire_at: 5 } })), settle),
    script('expire_at of the wrong type', connecting(json({ result: { ...user, expire_at: '5' } })), settle),
    script('expire_at below zero', connecting(json({ result: { ...user, expire_at: -5 } })), settle),
    script('expire_at with a fraction', connecting(json({ result: { ...user, expire_at: 4_000_000_000.5 } })), settle),
    script('an unknown channel', connecting(json({ result: { ...user, channels: ['nowhere:$N'] } })), settle),
    script('an empty channel', connecting(json({ result: { ...user, channels: [''] } })), settle),
    script('an unknown sub', connecting(json({ result: { ...user, subs: { 'nowhere:$N': {} } } })), settle),
    script(
      'broken base64 in a sub',
      connecting(json({ result: { ...user, subs: { 'open:$N': { b64data: '***' } } } })),
      settle,
    ),
    script('channels of the wrong type', connecting(json({ result: { ...user, channels: 'open:$N' } })), settle),
    script(
      'again after an error',
      connecting({ body: '{"error":{"code":1000}}' }),
      receive(),
      send('{"id":2,"connect":{}}'),
      settle,
    ),
  ],
}
