import { type Step, type Topic, api, connect, fill, receive, script, send, settle } from '../support/script.ts'

const subscribe = (channel: string, more = ''): Step => send(`{"id":2,"subscribe":{"channel":"${channel}"${more}}}`)
const recover = (channel: string, offset: number, epoch = '$EPOCH', more = ''): Step =>
  subscribe(channel, `,"recover":true,"offset":${offset},"epoch":"${epoch}"${more}`)
const position = (channel: string): Step => api('history', `{"channel":"${channel}"}`)
const history = { history_size: 10, history_ttl: '300s' }

/** What is recovered of a cache: the newest publication, if it is not known already. */
const scripts = (channel: string) => [
  script('subscribe to an empty cache', connect, subscribe(channel), settle),
  script('subscribe to a cache', connect, fill(channel, 2), subscribe(channel), settle),
  script('subscribe, then publish', connect, subscribe(channel), receive(), fill(channel, 2), settle),
  script('recover from 0', connect, fill(channel, 3), position(channel), recover(channel, 0), settle),
  script('recover from 0 without an epoch', connect, fill(channel, 3), recover(channel, 0, ''), settle),
  script('recover from the middle', connect, fill(channel, 3), position(channel), recover(channel, 2), settle),
  script('recover from the top', connect, fill(channel, 3), position(channel), recover(channel, 3), settle),
  script('recover from beyond the top', connect, fill(channel, 3), position(channel), recover(channel, 5), settle),
  script('recover from another epoch', connect, fill(channel, 3), recover(channel, 2, 'zzzz'), settle),
  script('recover from the top of another epoch', connect, fill(channel, 3), recover(channel, 3, 'zzzz'), settle),
  script('recover an empty cache', connect, position(channel), recover(channel, 0), settle),
  script('recover an empty cache from 2', connect, position(channel), recover(channel, 2), settle),
  script(
    'recover a cache that was emptied',
    connect,
    fill(channel, 2),
    position(channel),
    api('history_remove', `{"channel":"${channel}"}`),
    recover(channel, 2),
    settle,
  ),
  script(
    'recover a cache that was emptied from before',
    connect,
    fill(channel, 2),
    position(channel),
    api('history_remove', `{"channel":"${channel}"}`),
    recover(channel, 1),
    settle,
  ),
  script(
    'recover, then publish',
    connect,
    fill(channel, 2),
    position(channel),
    recover(channel, 0),
    receive(),
    fill(channel, 2),
    settle,
  ),
  script(
    'recover with delta',
    connect,
    fill(channel, 2),
    position(channel),
    recover(channel, 0, '$EPOCH', ',"delta":"fossil"'),
    receive(),
    api('publish', `{"channel":"${channel}","data":{"n":3},"delta":true}`),
    settle,
  ),
  script('recover with flag 2', connect, fill(channel, 2), recover(channel, 0, 'zzzz', ',"flag":2'), settle),
]

export const cacheRecovery: Topic = {
  name: 'cache recovery',
  isEverywhere: true,
  scripts: scripts('cache:$N'),
}

export const autoCacheRecovery: Topic = {
  name: 'auto cache recovery',
  isEverywhere: true,
  needs: 'auto cache recovery',
  config: {
    channel: {
      namespaces: [
        {
          name: 'auto',
          allow_subscribe_for_client: true,
          ...history,
          force_recovery: true,
          force_recovery_mode: 'cache',
          auto_cache_recover: true,
          allowed_delta_types: ['fossil'],
        },
      ],
    },
  },
  scripts: [
    ...scripts('auto:$N'),
    script(
      'on connect',
      api('publish', '{"channel":"auto:$N","data":{"n":1}}'),
      send('{"id":1,"connect":{"token":"$TOKEN","subs":{"auto:$N":{}}}}'),
      settle,
    ),
    script(
      'by the server API',
      connect,
      api('publish', '{"channel":"auto:$N","data":{"n":1}}'),
      api('subscribe', '{"user":"$N","channel":"auto:$N"}'),
      settle,
    ),
  ],
}
