import { type Step, type Topic, api, connect, receive, script, send, settle } from '../support/script.ts'

const history = { history_size: 10, history_ttl: '300s' }
const subscribe = (filter: string, channel = 'tagged:$N', more = ''): Step =>
  send(`{"id":2,"subscribe":{"channel":"${channel}","tf":${filter}${more}}}`)
const publish = (tags: string, channel = 'tagged:$N'): Step =>
  api('publish', `{"channel":"${channel}","data":${tags},"tags":${tags}}`)

const all = [
  '{"a":"1"}',
  '{"a":"2"}',
  '{"a":"10"}',
  '{"a":"x"}',
  '{"a":""}',
  '{"b":"1"}',
  '{}',
  '{"a":"1.5"}',
  '{"a":"xyz"}',
]
const heard = (name: string, filter: string) =>
  script(name, connect, subscribe(filter), receive(), ...all.map((tags) => publish(tags)), settle)
const leaf = (cmp: string, more = '', key = 'a') => `{"key":"${key}","cmp":"${cmp}"${more}}`
const refused = (name: string, filter: string) => script(`refused: ${name}`, connect, subscribe(filter), settle)
const recover = (filter: string, offset: number): Step =>
  send(
    `{"id":3,"subscribe":{"channel":"tagstream:$N","recover":true,"offset":${offset},"epoch":"$EPOCH","tf":${filter}}}`,
  )

/** Filters by tags. */
export const tagsFilter: Topic = {
  name: 'tags filter',
  isEverywhere: true,
  needs: 'tags filter',
  config: {
    channel: {
      namespaces: [
        { name: 'tagged', allow_subscribe_for_client: true, allow_tags_filter: true },
        {
          name: 'tagstream',
          allow_subscribe_for_client: true,
          allow_tags_filter: true,
          ...history,
          force_recovery: true,
          allowed_delta_types: ['fossil'],
          delta_publish: true,
        },
        { name: 'untagged', allow_subscribe_for_client: true },
      ],
    },
  },
  scripts: [
    heard('eq', leaf('eq', ',"val":"1"')),
    heard('neq', leaf('neq', ',"val":"1"')),
    heard('in', leaf('in', ',"vals":["1","x"]')),
    heard('nin', leaf('nin', ',"vals":["1","x"]')),
    heard('ex', leaf('ex')),
    heard('nex', leaf('nex')),
    heard('sw', leaf('sw', ',"val":"x"')),
    heard('ew', leaf('ew', ',"val":"z"')),
    heard('ct', leaf('ct', ',"val":"y"')),
    heard('lt', leaf('lt', ',"val":"2"')),
    heard('lte', leaf('lte', ',"val":"2"')),
    heard('gt', leaf('gt', ',"val":"1.4"')),
    heard('gte', leaf('gte', ',"val":"2"')),
    heard('gt of text', leaf('gt', ',"val":"x"')),
    heard('and', `{"op":"and","nodes":[${leaf('ex')},${leaf('neq', ',"val":"1"')}]}`),
    heard('or', `{"op":"or","nodes":[${leaf('nex')},${leaf('eq', ',"val":"1"')}]}`),
    heard('not', `{"op":"not","nodes":[${leaf('eq', ',"val":"1"')}]}`),
    heard(
      'nested',
      `{"op":"and","nodes":[{"op":"or","nodes":[${leaf('eq', ',"val":"1"')},${leaf('eq', ',"val":"2"')}]},{"op":"not","nodes":[${leaf('eq', ',"val":"2"')}]}]}`,
    ),
    heard('null is no filter', 'null'),
    refused('an empty object', '{}'),
    refused('an unknown comparison', leaf('like', ',"val":"1"')),
    refused('an unknown operation', '{"op":"xor","nodes":[]}'),
    refused('no key', '{"cmp":"eq","val":"1"}'),
    refused('no value', leaf('eq')),
    refused('an empty value', leaf('eq', ',"val":""')),
    refused('a value beside values', leaf('in', ',"val":"1","vals":["1"]')),
    refused('values where one is meant', leaf('eq', ',"vals":["1"]')),
    refused('no values', leaf('in', ',"vals":[]')),
    refused('a value for ex', leaf('ex', ',"val":"1"')),
    refused('ex without a key', '{"cmp":"ex"}'),
    refused('and without nodes', '{"op":"and"}'),
    refused('not without nodes', '{"op":"not","nodes":[]}'),
    refused('not of two', `{"op":"not","nodes":[${leaf('ex')},${leaf('ex')}]}`),
    refused('a bad node inside', '{"op":"and","nodes":[{}]}'),
    refused('an operation with a key too', `{"op":"and","key":"a","nodes":[${leaf('ex')}]}`),
    refused('a comparison of the wrong type', '{"key":"a","cmp":5}'),
    refused('a list', '[]'),
    refused('text', '"a"'),
    refused('a number in values', leaf('in', ',"vals":[1]')),
    refused('no number for gt', leaf('gt', ',"val":""')),
    script('where filters are not allowed', connect, subscribe(leaf('ex'), 'untagged:$N'), settle),
    script('where filters are not allowed, none', connect, subscribe('null', 'untagged:$N'), settle),
    script(
      'a stream',
      connect,
      subscribe(leaf('eq', ',"val":"1"'), 'tagstream:$N'),
      receive(),
      ...all.slice(0, 3).map((tags) => publish(tags, 'tagstream:$N')),
      publish('{"a":"1"}', 'tagstream:$N'),
      settle,
    ),
    script(
      'recovery',
      connect,
      ...all.slice(0, 3).map((tags) => publish(tags, 'tagstream:$N')),
      api('history', '{"channel":"tagstream:$N"}'),
      recover(leaf('eq', ',"val":"2"'), 0),
      receive(),
      publish('{"a":"2"}', 'tagstream:$N'),
      settle,
    ),
    script(
      'recovery of none',
      connect,
      ...all.slice(0, 3).map((tags) => publish(tags, 'tagstream:$N')),
      api('history', '{"channel":"tagstream:$N"}'),
      recover(leaf('eq', ',"val":"none"'), 0),
      settle,
    ),
    script(
      'with delta',
      connect,
      subscribe(leaf('ex'), 'tagstream:$N', ',"delta":"fossil"'),
      receive(),
      ...all.slice(0, 3).map((tags) => publish(tags, 'tagstream:$N')),
      settle,
    ),
    script(
      'on connect',
      send(`{"id":1,"connect":{"token":"$TOKEN","subs":{"tagged:$N":{"tf":${leaf('eq', ',"val":"1"')}}}}}`),
      receive(),
      ...all.slice(0, 2).map((tags) => publish(tags)),
      settle,
    ),
    script(
      'join and leave are not filtered',
      connect,
      subscribe(leaf('ex')),
      receive(),
      api('unsubscribe', '{"user":"$N","channel":"tagged:$N"}'),
      settle,
    ),
  ],
}
