import {
  type HttpRequest,
  type Step,
  type Topic,
  api,
  closed,
  hangUp,
  http,
  pause,
  receive,
  script,
  stream,
} from '../support/script.ts'
import { encodeCommands } from '../support/protobuf.ts'

const connectCommand = '{"id":1,"connect":{"token":"$TOKEN"}}'
const origin = 'http://allowed.example'
const cors = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-max-age',
]

/** Text for a query; placeholders stay what they are. */
const encoded = (text: string): string => encodeURIComponent(text).replaceAll('%24', '$')

const path = { sse: '/connection/sse', stream: '/connection/http_stream' }

/** Opens http_stream with these bytes. */
const posted = (body: string | Buffer, headers: HttpRequest['headers'] = {}): Step =>
  stream(
    { method: 'POST', path: path.stream, headers: { 'content-type': 'application/json', ...headers }, body },
    'lines',
  )

/** Opens SSE with this in its query. */
const events = (command: string, headers: HttpRequest['headers'] = {}): Step =>
  stream({ method: 'GET', path: `${path.sse}?cf_connect=${encoded(command)}`, headers }, 'events')

const emulate = (body: string | Buffer, headers: HttpRequest['headers'] = {}, more: Partial<HttpRequest> = {}): Step =>
  http({
    method: 'POST',
    path: '/emulation',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    ...more,
  })
const emulated = (commands: string): Step =>
  emulate(`{"session":"$SESSION","node":"$NODE","data":${JSON.stringify(commands)}}`)

const onStream: Step[] = [posted(connectCommand), receive()]
const onEvents: Step[] = [events(connectCommand), receive()]
const subscribeCommand = '{"id":2,"subscribe":{"channel":"open:$N"}}'

/** A request that must be answered at once, not with a stream. */
const verb = (method: string, at: string, more: Partial<HttpRequest> = {}) =>
  script(`${at}: ${method}`, http({ method, path: at, tell: cors, headers: { origin }, ...more }))

/** How HTTP streams and SSE begin, and how their connections are spoken to. */
export const streams: Topic = {
  name: 'streams',
  scripts: [
    script('http_stream: a good token', onStream, hangUp),
    script(
      'http_stream: no content type',
      stream({ method: 'POST', path: path.stream, body: connectCommand }, 'lines'),
      receive(),
    ),
    script('http_stream: another content type', posted(connectCommand, { 'content-type': 'text/plain' }), receive()),
    script('http_stream: a listed origin', posted(connectCommand, { origin }), receive()),
    script('http_stream: no connect', posted('{}'), closed),
    script('http_stream: an empty body', posted(''), closed),
    script('http_stream: a body of white space', posted('  '), closed),
    script('http_stream: a body that is not JSON', posted('{'), closed),
    script('http_stream: a list', posted('[]'), closed),
    script('http_stream: null', posted('null'), closed),
    script('http_stream: a line break at the end', posted(`${connectCommand}\n`), receive()),
    script('http_stream: a blank line', posted(`\n${connectCommand}`), closed),
    script('http_stream: another command first', posted(subscribeCommand), closed),
    script('http_stream: a connect without an id', posted('{"connect":{"token":"$TOKEN"}}'), closed),
    script('http_stream: a wrong token', posted('{"id":1,"connect":{"token":"nonsense"}}'), closed),
    script('http_stream: no token', posted('{"id":1,"connect":{}}'), closed),
    script(
      'http_stream: connect and subscribe in one body',
      posted(`${connectCommand}\n${subscribeCommand}`),
      receive(2),
    ),
    script(
      'http_stream: text that Protobuf is promised to be',
      stream(
        {
          method: 'POST',
          path: path.stream,
          headers: { 'content-type': 'application/octet-stream' },
          body: connectCommand,
        },
        'protobuf',
      ),
      closed,
    ),
    script(
      'http_stream: Protobuf that JSON is promised to be',
      posted(Buffer.from(encodeCommands('{"id":1,"connect":{"token":"x"}}') ?? []), {}),
      closed,
    ),
    script('http_stream: a body at its limit', posted(padded(65_536)), receive()),
    script('http_stream: a body above its limit', posted(padded(65_537)), closed),
    script('http_stream: a body far above its limit', posted(padded(1_000_000)), closed),
    script(
      'http_stream: cf_connect in the query',
      stream({ method: 'GET', path: `${path.stream}?cf_connect=${encoded(connectCommand)}` }, 'lines'),
      closed,
    ),
    script('http_stream: gzip is welcome', posted(connectCommand, { 'accept-encoding': 'gzip' }), receive()),

    script('sse: a good token', onEvents, hangUp),
    script('sse: a listed origin', events(connectCommand, { origin }), receive()),
    script('sse: POST', stream({ method: 'POST', path: path.sse, body: connectCommand }, 'events'), receive()),
    script('sse: POST of an empty body', stream({ method: 'POST', path: path.sse, body: '' }, 'events'), closed),
    script('sse: no cf_connect', stream({ method: 'GET', path: path.sse }, 'events'), closed),
    script('sse: an empty cf_connect', events(''), closed),
    script('sse: cf_connect that is not JSON', events('{'), closed),
    script('sse: another command first', events(subscribeCommand), closed),
    script('sse: a wrong token', events('{"id":1,"connect":{"token":"nonsense"}}'), closed),
    script('sse: no token', events('{"id":1,"connect":{}}'), closed),
    script('sse: connect and subscribe in one', events(`${connectCommand}\n${subscribeCommand}`), receive(2)),
    script(
      'sse: a body above its limit',
      stream({ method: 'POST', path: path.sse, body: padded(65_537) }, 'events'),
      closed,
    ),
    script(
      'sse: cf_protocol=protobuf',
      stream(
        { method: 'GET', path: `${path.sse}?cf_protocol=protobuf&cf_connect=${encoded(connectCommand)}` },
        'events',
      ),
      receive(),
    ),
    script('sse: Last-Event-ID means nothing', events(connectCommand, { 'last-event-id': '5' }), receive()),

    ...['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'].map((method) => verb(method, path.stream)),
    ...['PUT', 'DELETE', 'OPTIONS'].map((method) => verb(method, path.sse)),
    ...['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'].map((method) => verb(method, '/emulation')),
    script('an unknown path', http({ method: 'POST', path: '/connection/http_streams', body: connectCommand })),
    script('a path below', http({ method: 'POST', path: '/connection/http_stream/more', body: connectCommand })),
    script('OPTIONS without an origin', http({ method: 'OPTIONS', path: path.stream, tell: cors })),

    script('emulation: subscribe on http_stream', onStream, emulated(subscribeCommand), receive()),
    script('emulation: subscribe on sse', onEvents, emulated(subscribeCommand), receive()),
    script(
      'emulation: what is published comes on the stream',
      onStream,
      emulated(subscribeCommand),
      receive(),
      api('publish', '{"channel":"open:$N","data":{"n":1}}'),
      receive(),
    ),
    script(
      'emulation: two commands in one',
      onEvents,
      emulated(`${subscribeCommand}\n{"id":3,"unsubscribe":{"channel":"open:$N"}}`),
      receive(2),
    ),
    script('emulation: a malformed command ends the connection', onStream, emulated('{'), closed),
    script('emulation: a second connect ends the connection', onEvents, emulated(connectCommand), closed),
    script('emulation: a pong without a ping', onStream, emulated('{}'), closed),
    script('emulation: no commands', onStream, emulated(''), closed),
    script(
      'emulation: data that is not text',
      onStream,
      emulate('{"session":"$SESSION","node":"$NODE","data":{"id":2}}'),
      emulated(subscribeCommand),
      receive(),
    ),
    script(
      'emulation: no data',
      onStream,
      emulate('{"session":"$SESSION","node":"$NODE"}'),
      emulated(subscribeCommand),
      receive(),
    ),
    script(
      'emulation: the answer to an allowed page',
      onStream,
      emulate(
        `{"session":"$SESSION","node":"$NODE","data":${JSON.stringify(subscribeCommand)}}`,
        { origin },
        { tell: cors },
      ),
      receive(),
    ),
    script('emulation: an unknown session', onStream, emulate('{"session":"nowhere","node":"$NODE","data":"{}"}')),
    script('emulation: no session', onStream, emulate('{"node":"$NODE","data":"{}"}')),
    script('emulation: an unknown node', onStream, emulate('{"session":"$SESSION","node":"nowhere","data":"{}"}')),
    script('emulation: no node', onStream, emulate('{"session":"$SESSION","data":"{}"}')),
    script('emulation: an empty body', emulate('')),
    script('emulation: an empty object', emulate('{}')),
    script('emulation: a body that is not JSON', emulate('{')),
    script('emulation: a list', emulate('[]')),
    script('emulation: null', emulate('null')),
    script('emulation: a session of the wrong type', emulate('{"session":5,"node":"x","data":"{}"}')),
    script(
      'emulation: no content type',
      onStream,
      http({
        method: 'POST',
        path: '/emulation',
        body: `{"session":"$SESSION","node":"$NODE","data":${JSON.stringify(subscribeCommand)}}`,
      }),
      receive(),
    ),
    script(
      'emulation: text that Protobuf is promised to be',
      emulate('{"session":"a","node":"b","data":"{}"}', { 'content-type': 'application/octet-stream' }),
    ),
    script('emulation: a body above its limit', emulate(`{"session":"a","node":"b","data":"${'x'.repeat(70_000)}"}`)),
    script(
      'emulation: after the stream has ended',
      onStream,
      hangUp,
      pause(200, 'the server has to see that it ended'),
      emulated(subscribeCommand),
    ),
    script(
      'emulation: after a disconnection',
      onStream,
      api('disconnect', '{"user":"$N"}'),
      closed,
      emulated(subscribeCommand),
    ),
    script(
      'a disconnection by the server API',
      onEvents,
      api('disconnect', '{"user":"$N","disconnect":{"code":4500,"reason":"enough"}}'),
      closed,
    ),
  ],
}

/** A connect command of this many bytes, with a token that is not good. */
function padded(bytes: number): string {
  const command = (more: string) => `{"id":1,"connect":{"token":"","name":"${more}"}}`
  return command('n'.repeat(bytes - command('').length))
}

/** Pings on streams, and their answers. */
export const streamPings: Topic = {
  name: 'stream pings',
  config: { client: { ping_interval: '1s', pong_timeout: '500ms', stale_close_delay: '1s' } },
  scripts: [
    script('http_stream: a ping that is not answered', onStream, closed),
    script('sse: a ping that is not answered', onEvents, closed),
    script(
      'http_stream: a ping that is answered, and the next one not',
      onStream,
      receive(),
      emulated('{}'),
      receive(),
      closed,
    ),
    script(
      'sse: a ping that is answered, and the next one not',
      onEvents,
      receive(),
      emulated('{}'),
      receive(),
      closed,
    ),
    script('http_stream: a pong that comes twice', onStream, receive(), emulated('{}\n{}'), closed),
  ],
}
