import { http, open, receive, script, send, settle, type HttpRequest, type Topic } from '../support/script.ts'

const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
}
const path = '/connection/websocket'
const get = (headers: HttpRequest['headers'], at = path) => http({ method: 'GET', path: at, headers: headers ?? {} })
const connects = [send('{"id":1,"connect":{"token":"$TOKEN"}}'), settle]

/** How a connection begins: paths, verbs, origins, subprotocols, query. */
export const handshake: Topic = {
  name: 'handshake',
  scripts: [
    script('a listed origin', open(), connects),
    script('a listed origin in capitals', open({ headers: { origin: 'HTTP://ALLOWED.EXAMPLE' } }), connects),
    script('an origin of a listed pattern', open({ headers: { origin: 'https://a.glob.example' } }), connects),
    script('an origin two levels below a pattern', open({ headers: { origin: 'https://a.b.glob.example' } }), connects),
    script('the bare domain of a pattern', open({ headers: { origin: 'https://glob.example' } }), connects),
    script('an origin with another scheme', open({ headers: { origin: 'https://allowed.example' } }), connects),
    script('an origin with a port', open({ headers: { origin: 'http://allowed.example:8080' } }), connects),
    script('an origin with a trailing slash', open({ headers: { origin: 'http://allowed.example/' } }), connects),
    script(
      'an origin that ends like a listed one',
      open({ headers: { origin: 'http://evilallowed.example' } }),
      connects,
    ),
    script(
      'an origin that begins like a listed one',
      open({ headers: { origin: 'http://allowed.example.evil' } }),
      connects,
    ),
    script('a foreign origin', open({ headers: { origin: 'https://foreign.example' } }), connects),
    script('the origin null', open({ headers: { origin: 'null' } }), connects),
    script('an origin that is no URL', open({ headers: { origin: 'nonsense' } }), connects),
    script('an origin equal to the host', open({ headers: { origin: 'http://$HOST' } }), connects),
    script('an empty origin', get({ ...upgrade, origin: '' })),
    script('no origin', get(upgrade)),
    script('subprotocol centrifuge-json', open({ protocols: ['centrifuge-json'] }), connects),
    script('subprotocol centrifuge-protobuf', open({ protocols: ['centrifuge-protobuf'] })),
    script('compression offered', open({ compress: true }), connects),
    script('an unknown subprotocol', open({ protocols: ['graphql-ws'] }), connects),
    script(
      'an unknown subprotocol before a known one',
      open({ protocols: ['graphql-ws', 'centrifuge-json'] }),
      connects,
    ),
    script('a query that means nothing', open({ query: '?a=b&cf_unknown=1' }), connects),
    script('cf_protocol=json', open({ query: '?cf_protocol=json' }), connects),
    script('cf_protocol=protobuf', open({ query: '?cf_protocol=protobuf' })),
    script('an unknown cf_protocol', open({ query: '?cf_protocol=yaml' }), connects),
    script('an unknown protocol version', open({ query: '?cf_protocol_version=v9' }), connects),
    script('GET without an upgrade', get({})),
    script('GET without an upgrade from a foreign origin', get({ origin: 'https://foreign.example' })),
    script('GET with another upgrade', get({ ...upgrade, upgrade: 'h2c' })),
    script('GET without connection: upgrade', get({ ...upgrade, connection: 'close' })),
    script('WebSocket version 12', get({ ...upgrade, 'sec-websocket-version': '12' })),
    script(
      'no WebSocket version',
      get({ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': upgrade['sec-websocket-key'] }),
    ),
    script('no WebSocket key', get({ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' })),
    script('a WebSocket key that is too short', get({ ...upgrade, 'sec-websocket-key': 'short' })),
    script('POST', http({ method: 'POST', path, headers: {}, body: '{}' })),
    script('POST with an upgrade', http({ method: 'POST', path, headers: upgrade })),
    script('HEAD', http({ method: 'HEAD', path })),
    script('OPTIONS', http({ method: 'OPTIONS', path, headers: { origin: 'http://allowed.example' } })),
    script('DELETE', http({ method: 'DELETE', path })),
    script('an upgrade on an unknown path', get(upgrade, '/connection/unknown')),
    script('an upgrade on a path below', get(upgrade, '/connection/websocket/more')),
    script('an upgrade with a trailing slash', get(upgrade, '/connection/websocket/')),
    script('an upgrade on the path in capitals', get(upgrade, '/connection/WebSocket')),
    script('two sockets at once', connects, open(), connects),
    script('the first message is a pong', send('{}'), receive()),
  ],
}
