import { tokenKey } from '../config.ts'
import { connect, open, script, send, settle, type Step, type Topic } from '../support/script.ts'

const signedBy = (alg: string, key: string): Step =>
  send('{"id":1,"connect":{"token":"$T"}}', { $T: { claims: { sub: '$N' }, key, header: { alg, typ: 'JWT' } } })

/** Keys that are replaced, users with one connection, other signs in the names of channels. */
export const credentials: readonly Topic[] = [
  {
    name: 'a key that is replaced',
    needs: 'previous keys',
    config: { client: { token: { hmac_previous_secret_key: 'the previous key' } } },
    scripts: [
      script('the new one', signedBy('HS256', tokenKey), settle),
      script('the previous one', signedBy('HS384', 'the previous key'), settle),
      script('neither', signedBy('HS256', 'neither'), settle),
    ],
  },
  {
    name: 'a key that was replaced',
    needs: 'previous keys',
    config: {
      client: { token: { hmac_previous_secret_key: 'the previous key', hmac_previous_secret_key_valid_until: 1 } },
    },
    scripts: [script('the previous one', signedBy('HS256', 'the previous key'), settle)],
  },
  {
    name: 'one connection of a user',
    config: {
      client: {
        subscribe_to_user_personal_channel: {
          enabled: true,
          personal_channel_namespace: 'present',
          single_connection: true,
        },
      },
    },
    scripts: [script('two after each other', connect, open(), connect, settle)],
  },
  {
    name: 'signs in names',
    config: {
      channel: { private_prefix: '!', namespace_boundary: '/', user_boundary: '@', user_separator: ';' },
    },
    scripts: [
      '"subscribe":{"channel":"open/$N"}',
      '"subscribe":{"channel":"open:$N"}',
      '"subscribe":{"channel":"!open/$N"}',
      '"subscribe":{"channel":"$open/$N"}',
      '"subscribe":{"channel":"limited/a@b;$N"}',
      '"subscribe":{"channel":"limited/a@b,$N"}',
      '"subscribe":{"channel":"limited/a#$N"}',
      '"subscribe":{"channel":"nowhere/$N"}',
    ].map((command) => script(command, connect, send(`{"id":2,${command}}`), settle)),
  },
]
