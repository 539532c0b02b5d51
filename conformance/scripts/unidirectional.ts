import {
  type HttpRequest,
  type Step,
  type Topic,
  type TokenSpec,
  api,
  closed,
  hangUp,
  http,
  inSeconds,
  open,
  receive,
  script,
  send,
  stream,
} from '../support/script.ts'

const origin = 'http://allowed.example'
const request = '{"token":"$TOKEN"}'
const paths = { sse: '/connection/uni_sse', stream: '/connection/uni_http_stream', socket: '/connection/uni_websocket' }
const encoded = (text: string): string => encodeURIComponent(text).replaceAll('%24', '$')

const events = (command: string, headers: HttpRequest['headers'] = {}): Step =>
  stream({ method: 'GET', path: `${paths.sse}?cf_connect=${encoded(command)}`, headers }, 'events')
const posted = (body: string, headers: HttpRequest['headers'] = {}): Step =>
  stream(
    { method: 'POST', path: paths.stream, headers: { 'content-type': 'application/json', ...headers }, body },
    'lines',
  )
const socket = (query = ''): Step => open({ path: paths.socket, query })
const queried = (command: string): Step => socket(`?cf_connect=${encoded(command)}`)

/** Each way to say the connect request. */
const ways: Record<string, (command: string) => Step[]> = {
  uni_sse: (command) => [events(command)],
  'uni_sse, POST': (command) => [stream({ method: 'POST', path: paths.sse, body: command }, 'events')],
  uni_http_stream: (command) => [posted(command)],
  'uni_websocket, first message': (command) => [socket(), send(command)],
  'uni_websocket, query': (command) => [queried(command)],
}
const everyWay = (name: string, command: string, ...steps: (Step | Step[])[]) =>
  Object.entries(ways).map(([way, connecting]) => script(`${way}: ${name}`, connecting(command), ...steps))

/** A connect request with a token that gives channels. */
const withChannels = (...channels: string[]): Record<string, TokenSpec> => ({
  $T: { claims: { sub: '$N', exp: inSeconds(600), channels } },
})
/** On a WebSocket alone tokens are made per script: the first message carries it. */
const listening = (...channels: string[]): Step[] => [
  socket(),
  send('{"token":"$T"}', withChannels(...channels)),
  receive(),
]

export const unidirectional: Topic = {
  name: 'unidirectional',
  needs: 'unidirectional connections of v6',
  scripts: [
    ...everyWay('a good token', request, receive(), hangUp),
    ...everyWay('no token', '{}', closed),
    ...everyWay('a wrong token', '{"token":"nonsense"}', closed),
    ...everyWay('a request that is not JSON', '{', closed),
    ...everyWay('a list', '[]', closed),
    // In the query of a WebSocket it is as if nothing was said.
    ...everyWay('null', 'null', closed).filter(({ name }) => !name.startsWith('uni_websocket, query')),
    ...everyWay('a token of the wrong type', '{"token":5}', closed),
    ...everyWay('a command in place of the request', '{"id":1,"connect":{"token":"$TOKEN"}}', closed),
    ...everyWay('name, version and data', '{"token":"$TOKEN","name":"n","version":"1","data":{"a":1}}', receive()),
    ...everyWay(
      'channels of its own',
      '{"token":"$TOKEN","subs":{"open:$N":{}}}',
      receive(),
      api('publish', '{"channel":"open:$N","data":{"n":1}}'),
      receive(),
    ),
    ...everyWay('channels that are closed', '{"token":"$TOKEN","subs":{"closed:$N":{}}}', receive()),
    ...everyWay('channels of an unknown namespace', '{"token":"$TOKEN","subs":{"nowhere:$N":{}}}', closed),
    ...everyWay(
      'a stream, recovered',
      '{"token":"$TOKEN","subs":{"stream:$N":{"recover":true,"offset":0}}}',
      receive(),
      api('publish', '{"channel":"stream:$N","data":{"n":1}}'),
      receive(),
    ),
    ...everyWay(
      'subscribed by the server API',
      request,
      receive(),
      api('subscribe', '{"user":"$N","channel":"open:$N","data":{"hello":1}}'),
      receive(),
      api('publish', '{"channel":"open:$N","data":"text"}'),
      receive(),
    ),
    ...everyWay(
      'subscribed to a stream by the server API',
      request,
      receive(),
      api('subscribe', '{"user":"$N","channel":"stream:$N"}'),
      receive(),
    ),
    ...everyWay(
      'unsubscribed by the server API',
      '{"token":"$TOKEN","subs":{"open:$N":{}}}',
      receive(),
      api('unsubscribe', '{"user":"$N","channel":"open:$N"}'),
      receive(),
    ),
    ...everyWay('disconnected by the server API', request, receive(), api('disconnect', '{"user":"$N"}'), closed),
    ...everyWay(
      'disconnected with a code of its own',
      request,
      receive(),
      api('disconnect', '{"user":"$N","disconnect":{"code":4500,"reason":"enough"}}'),
      closed,
    ),
    ...everyWay(
      'refreshed by the server API',
      request,
      receive(),
      api('refresh', '{"user":"$N","expire_at":4000000000}'),
      receive(),
    ),
    ...everyWay(
      'expired by the server API',
      request,
      receive(),
      api('refresh', '{"user":"$N","expired":true}'),
      closed,
    ),
    ...everyWay(
      'data with line breaks',
      '{"token":"$TOKEN","subs":{"open:$N":{}}}',
      receive(),
      api('publish', '{"channel":"open:$N","data":{\n"a":\r\n1}}'),
      receive(),
    ),
    ...everyWay(
      'data that is no JSON',
      '{"token":"$TOKEN","subs":{"open:$N":{}}}',
      receive(),
      api('publish', '{"channel":"open:$N","b64data":"/w=="}'),
      closed,
    ),
    ...everyWay('with delta', '{"token":"$TOKEN","subs":{"stream:$N":{"delta":"fossil"}}}', receive()),
    ...everyWay('an unknown delta', '{"token":"$TOKEN","subs":{"stream:$N":{"delta":"zstd"}}}', receive()),
    ...everyWay('a flag', '{"token":"$TOKEN","flag":1}', receive()),

    script('uni_sse: no request at all', stream({ method: 'GET', path: paths.sse }, 'events'), closed),
    script('uni_sse: a listed origin', events(request, { origin }), receive()),
    script('uni_http_stream: a listed origin', posted(request, { origin }), receive()),
    script('uni_http_stream: an empty body', posted(''), closed),
    script(
      'uni_http_stream: no content type',
      stream({ method: 'POST', path: paths.stream, body: request }, 'lines'),
      receive(),
    ),
    script('uni_http_stream: a request above its limit', posted(`{"name":"${'n'.repeat(70_000)}"}`), closed),
    script(
      'uni_sse: a request above its limit',
      stream({ method: 'POST', path: paths.sse, body: `{"name":"${'n'.repeat(70_000)}"}` }, 'events'),
      closed,
    ),
    script('uni_websocket: a request above its limit', socket(), send(`{"name":"${'n'.repeat(70_000)}"}`), closed),
    ...['GET', 'PUT', 'DELETE', 'OPTIONS'].map((method) =>
      script(
        `uni_http_stream: ${method}`,
        http({ method, path: paths.stream, headers: { origin }, tell: ['access-control-allow-origin'] }),
      ),
    ),
    ...['PUT', 'DELETE', 'OPTIONS'].map((method) =>
      script(
        `uni_sse: ${method}`,
        http({ method, path: paths.sse, headers: { origin }, tell: ['access-control-allow-origin'] }),
      ),
    ),
    script('uni_websocket: GET without an upgrade', http({ method: 'GET', path: paths.socket })),
    script(
      'uni_websocket: a foreign origin',
      open({ path: paths.socket, headers: { origin: 'https://foreign.example' } }),
    ),
    script(
      'uni_websocket: subprotocol centrifuge-protobuf',
      open({ path: paths.socket, protocols: ['centrifuge-protobuf'] }),
    ),
    script(
      'uni_websocket: what is said after the request',
      socket(),
      send(request),
      receive(),
      send('{"id":2,"subscribe":{"channel":"open:$N"}}'),
      api('disconnect', '{"user":"$N"}'),
      closed,
    ),
    script(
      'uni_websocket: a second request',
      socket(),
      send(request),
      receive(),
      send(request),
      api('disconnect', '{"user":"$N"}'),
      closed,
    ),
    script('uni_websocket: an empty message', socket(), send(''), closed),

    script(
      'channels of a token',
      listening('open:$N'),
      api('publish', '{"channel":"open:$N","data":{"n":1}}'),
      receive(),
    ),
    script(
      'an expired token',
      socket(),
      send('{"token":"$T"}', { $T: { claims: { sub: '$N', exp: inSeconds(-60) } } }),
      closed,
    ),
    script('a token of an unknown namespace', socket(), send('{"token":"$T"}', withChannels('nowhere:$N')), closed),
    script('a join', listening('joinforced:$N'), receive(), api('disconnect', '{"user":"$N"}'), closed),
    script(
      'the own join of the other kind',
      listening('joinasked:$N'),
      api('publish', '{"channel":"joinasked:$N","data":{}}'),
      receive(),
    ),
  ],
}

/** Pings of connections that do not answer. */
export const unidirectionalPings: Topic = {
  name: 'unidirectional pings',
  needs: 'unidirectional connections of v6',
  config: { client: { ping_interval: '1s', pong_timeout: '500ms', stale_close_delay: '1s' } },
  scripts: [
    ...everyWay('two pings that nobody answers', request, receive(3), hangUp),
    script('uni_websocket: a connection that says nothing', socket(), closed),
    script(
      'uni_websocket: pings of WebSocket itself',
      socket(`?cf_ws_frame_ping_pong=true&cf_connect=${encoded(request)}`),
      receive(),
      api('disconnect', '{"user":"$N"}'),
      closed,
    ),
  ],
}

/** What options change of it. */
export const unidirectionalOptions: readonly Topic[] = [
  {
    name: 'unidirectional without disconnect pushes',
    needs: 'silent disconnections',
    config: { uni_websocket: { disable_disconnect_push: true } },
    scripts: [script('disconnected', queried(request), receive(), api('disconnect', '{"user":"$N"}'), closed)],
  },
  {
    name: 'unidirectional with codes of its own',
    needs: 'unidirectional codes',
    config: {
      client: {
        connect_code_to_unidirectional_disconnect: {
          enabled: true,
          transforms: [{ code: 109, to: { code: 4109, reason: 'of the app' } }],
        },
      },
    },
    scripts: [
      script(
        'an expired token',
        socket(),
        send('{"token":"$T"}', { $T: { claims: { sub: '$N', exp: inSeconds(-60) } } }),
        closed,
      ),
      script('an unknown namespace', socket(), send('{"token":"$T"}', withChannels('nowhere:$N')), closed),
    ],
  },
]
