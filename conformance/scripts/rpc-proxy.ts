import { type Topic, connect, script, send, settle } from '../support/script.ts'
import { all, base64, calling, json, proxied } from '../support/proxied.ts'

export const rpcProxy: Topic = {
  name: 'rpc proxy',
  isEverywhere: true,
  needs: 'proxies of v6',
  config: proxied,
  scripts: [
    ...all(() => connect, calling),
    script('what is asked', connect, send('{"id":2,"rpc":{"method":"m","data":{"a":1.0}}}'), settle),
    script('what is asked without data', connect, send('{"id":2,"rpc":{"method":"m"}}'), settle),
    script('what is asked without a method', connect, send('{"id":2,"rpc":{"data":{}}}'), settle),
    script('by another proxy', connect, send('{"id":2,"rpc":{"method":"meta:m","data":{"a":1}}}'), settle),
    script('by another proxy without data', connect, send('{"id":2,"rpc":{"method":"meta:m"}}'), settle),
    script('an error without a code', connect, calling({ body: '{"error":{"message":"x"}}' }), settle),
    script('data', connect, calling({ body: '{"result":{"data":{"n":12345678901234567890}}}' }), settle),
    script('data is null', connect, calling({ body: '{"result":{"data":null}}' }), settle),
    script('base64', connect, calling(json({ result: { b64data: base64('[1]'), data: 5 } })), settle),
    script('base64 of no JSON', connect, calling(json({ result: { b64data: base64('plain') } })), settle),
    script('broken base64', connect, calling(json({ result: { b64data: '***' } })), settle),
    script('an unknown namespace', connect, calling({ body: '{}' }, 'nowhere:m'), settle),
    script('a namespace without a proxy', connect, calling({ body: '{}' }, 'off:m'), settle),
    script('ping', connect, send('{"id":2,"rpc":{"method":"ping"}}'), settle),
    script('ping with data', connect, send('{"id":2,"rpc":{"method":"ping","data":{"a":1}}}'), settle),
    script('a method of the boundary', connect, calling({ body: '{}' }, ':'), settle),
  ],
}

/** With nothing but a ping. */
export const rpcPing: Topic = {
  name: 'rpc ping',
  isEverywhere: true,
  config: { rpc: { ping: { enabled: true, method: 'echo' } } },
  scripts: [
    script('the method', connect, send('{"id":2,"rpc":{"method":"echo","data":{}}}'), settle),
    script('another method', connect, send('{"id":2,"rpc":{"method":"ping"}}'), settle),
    script('another namespace', connect, send('{"id":2,"rpc":{"method":"ns:ping"}}'), settle),
  ],
}
