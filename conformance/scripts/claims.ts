import {
  type Script,
  type Step,
  type TokenSpec,
  type Topic,
  api,
  connect,
  inSeconds,
  open,
  pause,
  receive,
  script,
  send,
  settle,
} from '../support/script.ts'

const good = { sub: '$N', exp: inSeconds(600) }
const withClaims = (claims: TokenSpec['claims'], more = ''): Step =>
  send(`{"id":1,"connect":{"token":"$T"${more}}}`, { $T: { claims: { ...good, ...claims } } })
const one = (name: string, claims: TokenSpec['claims'], ...steps: (Step | Step[])[]): Script =>
  script(name, withClaims(claims), ...steps, settle)
const presence = (channel: string): Step[] => [receive(), send(`{"id":5,"presence":{"channel":"${channel}"}}`)]
const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** What a connection token gives beside the user. */
export const claims: Topic = {
  name: 'claims',
  isEverywhere: true,
  scripts: [
    one('channels', { channels: ['open:$N'] }, receive(), api('publish', '{"channel":"open:$N","data":{"n":1}}')),
    one('channels, one of them twice', { channels: ['open:$N', 'open:$N'] }),
    one('no channels', { channels: [] }),
    one('channels null', { channels: null }),
    one(
      'a closed channel',
      { channels: ['closed:$N'] },
      receive(),
      api('publish', '{"channel":"closed:$N","data":{}}'),
    ),
    one('a stream', { channels: ['stream:$N'] }),
    one('an unknown namespace', { channels: ['nowhere:$N'] }),
    one('an empty channel', { channels: [''] }),
    one('a channel of 256 bytes', { channels: [`open:${'a'.repeat(251)}`] }),
    one('a channel that breaks its pattern', { channels: ['pattern:ABC'] }),
    one('a channel of another user', { channels: ['limited:x#somebody'] }),
    one('subs', { subs: { 'open:$N': {} } }, receive(), api('publish', '{"channel":"open:$N","data":{"n":1}}')),
    one('subs beside channels', { channels: ['open:$N-1'], subs: { 'open:$N-2': {} } }),
    one('subs with data', { subs: { 'open:$N': { data: { a: 1 } } } }),
    one('subs with b64data', { subs: { 'open:$N': { b64data: base64('{"a":1}') } } }),
    one('subs with data of both kinds', { subs: { 'open:$N': { data: { a: 1 }, b64data: base64('{"b":1}') } } }),
    one('subs with broken base64', { subs: { 'open:$N': { b64data: '%' } } }),
    one('subs with info', { subs: { 'present:$N': { info: { a: 1 } } } }, presence('present:$N')),
    one('subs with b64info', { subs: { 'present:$N': { b64info: base64('{"a":1}') } } }, presence('present:$N')),
    one('subs null', { subs: null }),
    one('a sub that is null', { subs: { 'open:$N': null } }),
    one('a sub of the wrong type', { subs: { 'open:$N': 5 } }),
    one('subs that are a list', { subs: ['open:$N'] }),
    one('an unknown namespace in subs', { subs: { 'nowhere:$N': {} } }),
    ...['presence', 'join_leave', 'force_push_join_leave', 'force_positioning', 'force_recovery'].flatMap((option) =>
      [true, false].map((value) =>
        one(
          `override of ${option}: ${value}`,
          { subs: { 'joinforced:$N': { override: { [option]: { value } } } } },
          // The own join comes first, where there is one.
          receive(),
          pause(200, 'where there is an own join, it comes a moment later'),
          send('{"id":5,"presence":{"channel":"joinforced:$N"}}'),
        ),
      ),
    ),
    one('override of recovery where history is kept', {
      subs: { 'stored:$N': { override: { force_recovery: { value: true } } } },
    }),
    one('override that is null', { subs: { 'stream:$N': { override: null } } }),
    one('override of an unknown option', { subs: { 'stream:$N': { override: { history_size: { value: 5 } } } } }),
    one('override of the wrong type', { subs: { 'stream:$N': { override: { force_recovery: true } } } }),
    one('override without a value', { subs: { 'stream:$N': { override: { force_recovery: {} } } } }),
    one('info in presence', { info: { name: 'A' }, channels: ['present:$N'] }, presence('present:$N')),
    one('b64info in presence', { b64info: base64('{"name":"A"}'), channels: ['present:$N'] }, presence('present:$N')),
    one(
      'info of both kinds',
      { info: { a: 1 }, b64info: base64('{"b":1}'), channels: ['present:$N'] },
      presence('present:$N'),
    ),
    one('info null', { info: null, channels: ['present:$N'] }, presence('present:$N')),
    one(
      'info in a publication',
      { info: { name: 'A' } },
      receive(),
      send('{"id":2,"subscribe":{"channel":"talk:$N"}}'),
      receive(),
      send('{"id":3,"publish":{"channel":"talk:$N","data":{}}}'),
    ),
    one(
      'a channel of the token again',
      { channels: ['open:$N'] },
      receive(),
      send('{"id":2,"subscribe":{"channel":"open:$N"}}'),
    ),
    one(
      'a channel of the token, unsubscribed',
      { channels: ['open:$N'] },
      receive(),
      send('{"id":2,"unsubscribe":{"channel":"open:$N"}}'),
      receive(),
      api('publish', '{"channel":"open:$N","data":{}}'),
    ),
    one(
      'a refresh with the same channels',
      { channels: ['open:$N'] },
      receive(),
      send('{"id":2,"refresh":{"token":"$T"}}', { $T: { claims: { ...good, channels: ['open:$N'] } } }),
    ),
    one(
      'a refresh with other channels',
      { channels: ['open:$N'] },
      receive(),
      send('{"id":2,"refresh":{"token":"$T"}}', { $T: { claims: { ...good, channels: ['open:$N-2'] } } }),
    ),
    one(
      'a refresh without the channels',
      { channels: ['open:$N'] },
      receive(),
      send('{"id":2,"refresh":{"token":"$T"}}', { $T: { claims: good } }),
    ),
    script(
      'channels of the request',
      withClaims({}, ',"subs":{"open:$N":{},"closed:$N":{}}'),
      receive(),
      api('publish', '{"channel":"open:$N","data":{}}'),
      settle,
    ),
    script(
      'channels of the token and of the request',
      withClaims({ channels: ['closed:$N'] }, ',"subs":{"open:$N":{}}'),
      receive(),
      api('publish', '{"channel":"open:$N","data":{}}'),
      settle,
    ),
    script(
      'recovery of a channel of the token',
      api('publish', '{"channel":"stream:$N","data":{"n":1}}'),
      withClaims({ channels: ['stream:$N'] }, ',"subs":{"stream:$N":{"recover":true,"offset":0,"epoch":"$EPOCH"}}'),
      settle,
    ),
    script(
      'recovery of another epoch',
      api('publish', '{"channel":"stream:$N","data":{"n":1}}'),
      withClaims({ channels: ['stream:$N'] }, ',"subs":{"stream:$N":{"recover":true,"offset":0,"epoch":"zzzz"}}'),
      settle,
    ),
    script('a subscription token that is given to connect', withClaims({ channel: 'open:$N' }), settle),
  ],
}

const auth = (name: string, token: object, scripts: Script[]): Topic => ({
  name,
  config: { client: { token } } as Topic['config'] & object,
  scripts,
})

const audiences = (name: string, values: Record<string, unknown>): Script[] =>
  Object.entries(values).map(([title, value]) => one(`${name}: ${title}`, value === undefined ? {} : { [name]: value }))

/** What the options of tokens change. */
export const claimOptions: readonly Topic[] = [
  auth('audience and issuer', { audience: 'app', issuer: 'issuer' }, [
    one('both', { aud: 'app', iss: 'issuer' }),
    one('both, in a list', { aud: ['x', 'app'], iss: 'issuer' }),
    one('another audience', { aud: 'other', iss: 'issuer' }),
    one('an audience that begins so', { aud: 'app2', iss: 'issuer' }),
    one('an audience in capitals', { aud: 'APP', iss: 'issuer' }),
    one('no audience', { iss: 'issuer' }),
    one('an empty list', { aud: [], iss: 'issuer' }),
    one('another issuer', { aud: 'app', iss: 'other' }),
    one('no issuer', { aud: 'app' }),
    one('an issuer of the wrong type', { aud: 'app', iss: 5 }),
    one('another audience, expired', { aud: 'other', iss: 'issuer', exp: inSeconds(-60) }),
    script(
      'a subscription token without them',
      withClaims({ aud: 'app', iss: 'issuer' }),
      receive(),
      send('{"id":2,"subscribe":{"channel":"closed:$N","token":"$T"}}', {
        $T: { claims: { sub: '$N', channel: 'closed:$N' } },
      }),
      settle,
    ),
    script(
      'a subscription token with them',
      withClaims({ aud: 'app', iss: 'issuer' }),
      receive(),
      send('{"id":2,"subscribe":{"channel":"closed:$N","token":"$T"}}', {
        $T: { claims: { sub: '$N', channel: 'closed:$N', aud: 'app', iss: 'issuer' } },
      }),
      settle,
    ),
    script(
      'a refresh without them',
      withClaims({ aud: 'app', iss: 'issuer' }),
      receive(),
      send('{"id":2,"refresh":{"token":"$T"}}', { $T: { claims: good } }),
      settle,
    ),
  ]),
  auth('audience and issuer by pattern', { audience_regex: '^app-[0-9]+$', issuer_regex: 'iss' }, [
    ...audiences('aud', {
      'one that fits': 'app-5',
      'one that does not': 'app-x',
      'one of a list that fits': ['x', 'app-1'],
      none: undefined,
      'with a line break': 'app-5\n',
    }).map(({ name, steps }) => ({
      name,
      steps: steps.map((step) =>
        step.do === 'send'
          ? { ...step, tokens: { $T: { claims: { ...step.tokens.$T?.claims, iss: 'my issuer' } } } }
          : step,
      ),
    })),
    one('an issuer that does not fit', { aud: 'app-5', iss: 'other' }),
    one('no issuer', { aud: 'app-5' }),
  ]),
  auth('user id claim', { user_id_claim: 'user_id' }, [
    one('in its own claim', { user_id: 'somebody', channels: ['present:$N'] }, presence('present:$N')),
    one('none', {}, settle),
    one('an empty one', { user_id: '' }),
    one('a number', { user_id: 5 }),
    one('null', { user_id: null }),
    script(
      'a subscription token',
      withClaims({ user_id: 'somebody' }),
      receive(),
      send('{"id":2,"subscribe":{"channel":"closed:$N","token":"$T"}}', {
        $T: { claims: { user_id: 'somebody', channel: 'closed:$N' } },
      }),
      settle,
    ),
    script(
      'a subscription token of sub',
      withClaims({ user_id: 'somebody' }),
      receive(),
      send('{"id":2,"subscribe":{"channel":"closed:$N","token":"$T"}}', {
        $T: { claims: { sub: 'somebody', channel: 'closed:$N' } },
      }),
      settle,
    ),
  ]),
  {
    name: 'personal channels',
    isEverywhere: true,
    config: {
      client: { subscribe_to_user_personal_channel: { enabled: true } },
      channel: { without_namespace: { allow_user_limited_channels: true } },
    },
    scripts: [
      script('a user', connect, api('publish', '{"channel":"#$N","data":{"n":1}}'), settle),
      one('a user with channels', { channels: ['open:$N'] }, receive(), api('publish', '{"channel":"#$N","data":{}}')),
      one('nobody', { sub: '' }),
      script(
        'unsubscribed',
        connect,
        send('{"id":2,"unsubscribe":{"channel":"#$N"}}'),
        receive(),
        api('publish', '{"channel":"#$N","data":{}}'),
        settle,
      ),
      script('a refresh', connect, send('{"id":2,"refresh":{"token":"$TOKEN"}}'), settle),
    ],
  },
  {
    name: 'personal channels of a namespace',
    config: {
      client: {
        subscribe_to_user_personal_channel: {
          enabled: true,
          personal_channel_namespace: 'own',
          single_connection: true,
        },
      },
      channel: {
        namespaces: [{ name: 'own', presence: true, history_size: 10, history_ttl: '300s', force_recovery: true }],
      },
    },
    scripts: [
      script('a user', connect, api('publish', '{"channel":"own:#$N","data":{"n":1}}'), settle),
      script(
        'another connection ends the first',
        connect,
        api('presence_stats', '{"channel":"own:#$N"}'),
        open(),
        connect,
        pause(200, 'the first ends a moment after the second was let in'),
        api('presence_stats', '{"channel":"own:#$N"}'),
        settle,
      ),
    ],
  },
  {
    name: 'insecure',
    config: { client: { insecure: true } },
    scripts: [
      script('no token', send('{"id":1,"connect":{}}'), settle),
      script('a bad token', send('{"id":1,"connect":{"token":"nonsense"}}'), settle),
      script(
        'subscribe to a closed channel',
        send('{"id":1,"connect":{}}'),
        receive(),
        send('{"id":2,"subscribe":{"channel":"closed:$N"}}'),
        settle,
      ),
      script(
        'subscribe to a private channel',
        send('{"id":1,"connect":{}}'),
        receive(),
        send('{"id":2,"subscribe":{"channel":"$open:$N"}}'),
        settle,
      ),
      script(
        'subscribe to an unknown namespace',
        send('{"id":1,"connect":{}}'),
        receive(),
        send('{"id":2,"subscribe":{"channel":"nowhere:$N"}}'),
        settle,
      ),
      script(
        'publish to a closed channel',
        send('{"id":1,"connect":{}}'),
        receive(),
        send('{"id":2,"publish":{"channel":"closed:$N","data":{}}}'),
        settle,
      ),
      script(
        'history and presence',
        send('{"id":1,"connect":{}}'),
        receive(),
        send('{"id":2,"history":{"channel":"stored:$N"}}\n{"id":3,"presence":{"channel":"presentclosed:$N"}}'),
        settle,
      ),
    ],
  },
  {
    name: 'insecure tokens',
    config: { client: { insecure_skip_token_signature_verify: true } },
    scripts: [
      script(
        'another key',
        send('{"id":1,"connect":{"token":"$T"}}', { $T: { claims: good, key: 'another key' } }),
        settle,
      ),
      script(
        'none',
        send('{"id":1,"connect":{"token":"$T"}}', { $T: { claims: good, header: { alg: 'none', typ: 'JWT' } } }),
        settle,
      ),
      script(
        'an expired one',
        send('{"id":1,"connect":{"token":"$T"}}', { $T: { claims: { sub: '$N', exp: inSeconds(-60) }, key: 'x' } }),
        settle,
      ),
      script('nonsense', send('{"id":1,"connect":{"token":"nonsense"}}'), settle),
    ],
  },
  {
    name: 'a user in a header',
    config: { client: { user_id_http_header: 'X-User-Id' } },
    scripts: [
      script(
        'the header',
        open({ headers: { 'x-user-id': '$N' } }),
        send('{"id":1,"connect":{}}'),
        receive(),
        api('disconnect', '{"user":"$N"}'),
        settle,
      ),
      script('an empty header', open({ headers: { 'x-user-id': '' } }), send('{"id":1,"connect":{}}'), settle),
      script('no header', send('{"id":1,"connect":{}}'), settle),
      script(
        'a token beside it',
        open({ headers: { 'x-user-id': 'somebody' } }),
        connect,
        api('disconnect', '{"user":"somebody"}'),
        settle,
      ),
    ],
  },
  {
    name: 'server time',
    isEverywhere: true,
    config: { client: { connect_include_server_time: true } },
    scripts: [script('connect', connect, settle)],
  },
]
