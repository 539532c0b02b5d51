/** Scripts whose servers ask a backend by proxies: what the backend is told to answer, in the data of commands. */
import type { ServerConfig } from '../config.ts'
import { type Script, type Step, script, send, settle } from './script.ts'

/** What the backend is told to answer with. */
export interface Answer {
  body?: string
  status?: number
  headers?: Record<string, string>
  after?: number
  hangUp?: boolean
}

export const told = (answer: Answer): string => JSON.stringify({ answer })
export const connecting = (answer: Answer): Step => send(`{"id":1,"connect":{"data":${told(answer)}}}`)
export const subscribing = (answer: Answer, channel = 'asked:$N'): Step =>
  send(`{"id":2,"subscribe":{"channel":"${channel}","data":${told(answer)}}}`)
export const publishing = (answer: Answer, channel = 'asked:$N'): Step =>
  send(`{"id":3,"publish":{"channel":"${channel}","data":${told(answer)}}}`)
export const calling = (answer: Answer, method = 'm'): Step =>
  send(`{"id":2,"rpc":{"method":"${method}","data":${told(answer)}}}`)

/** Answers that mean the same whatever was asked. */
export const answers: Record<string, Answer> = {
  'an empty object': { body: '{}' },
  'an empty result': { body: '{"result":{}}' },
  'a result that is null': { body: '{"result":null}' },
  'members that nobody knows': { body: '{"result":{"x":1},"y":2}' },
  null: { body: 'null' },
  'a list': { body: '[]' },
  'a number': { body: '5' },
  nothing: { body: '' },
  garbage: { body: 'garbage' },
  'half of it': { body: '{"result":{' },
  'something behind it': { body: '{"result":{}} x' },
  'a result that is text': { body: '{"result":"x"}' },
  'an error': { body: '{"error":{"code":1000,"message":"of the app","temporary":true}}' },
  'an error of the server': { body: '{"error":{"code":103,"message":"permission denied"}}' },
  'an error without a message': { body: '{"error":{"code":1000}}' },
  'an error with a negative code': { body: '{"error":{"code":-1,"message":"x"}}' },
  'an error with a code of the wrong type': { body: '{"error":{"code":"1000","message":"x"}}' },
  'an error and a result': { body: '{"result":{},"error":{"code":1000,"message":"x"}}' },
  'an error that is null': { body: '{"result":{},"error":null}' },
  'a disconnect': { body: '{"disconnect":{"code":4001,"reason":"of the app"}}' },
  'a final disconnect': { body: '{"disconnect":{"code":4501,"reason":"of the app"}}' },
  'a disconnect of the server': { body: '{"disconnect":{"code":3503,"reason":"force disconnect"}}' },
  'a disconnect and an error': {
    body: '{"error":{"code":1000,"message":"x"},"disconnect":{"code":4001,"reason":"of the app"}}',
  },
  'status 500': { body: '{"result":{}}', status: 500 },
  'status 201': { body: '{"result":{}}', status: 201 },
  'status 204': { body: '', status: 204 },
  'status 404, which means an error': { status: 404, body: '{"result":{}}' },
  'status 410, which means a disconnect': { status: 410, body: '{"result":{}}' },
  'status 409 with an error in the body': { status: 409, body: '{"error":{"code":1000,"message":"x"}}' },
  'a redirect to nowhere': { status: 302, headers: { location: '/elsewhere/nowhere' }, body: '' },
  'too late': { body: '{"result":{}}', after: 2000 },
  'a connection that ends': { hangUp: true },
  'another content type': { body: '{"result":{}}', headers: { 'content-type': 'text/html' } },
}

/** A script for each of them. */
export const all = (...steps: ((answer: Answer) => Step | Step[])[]): Script[] =>
  Object.entries(answers).map(([name, answer]) => script(name, ...steps.map((step) => step(answer)), settle))

export const proxy = (event: string) => ({
  endpoint: `$BACKEND/${event}`,
  http_headers: ['X-Transport', 'X-Both', 'Cookie'],
  emulated_headers: ['X-Emulated', 'X-Both'],
  http: {
    static_headers: { 'X-Static': 'static', 'X-Both': 'static' },
    status_to_code_transforms: [
      { status_code: 404, to_error: { code: 1404, message: 'not there', temporary: true } },
      { status_code: 410, to_disconnect: { code: 4410, reason: 'gone' } },
    ],
  },
})

export const history = { history_size: 10, history_ttl: '300s' }

export const base64 = (text: string): string => Buffer.from(text).toString('base64')
export const json = (value: unknown): Answer => ({ body: JSON.stringify(value) })
export const user = { user: '$N' }

/** Everything but refreshing. */
export const proxied: ServerConfig = {
  client: { proxy: { connect: { enabled: true, ...proxy('connect') } } },
  channel: {
    proxy: {
      subscribe: { ...proxy('subscribe'), include_connection_meta: true },
      publish: { ...proxy('publish'), include_connection_meta: true },
    },
    namespaces: [
      {
        name: 'asked',
        subscribe_proxy_enabled: true,
        publish_proxy_enabled: true,
        allow_user_limited_channels: true,
        ...history,
        presence: true,
        allow_presence_for_subscriber: true,
        allow_history_for_subscriber: true,
        allow_recovery: true,
        allow_positioning: true,
      },
      {
        name: 'named',
        subscribe_proxy_enabled: true,
        subscribe_proxy_name: 'other',
        publish_proxy_enabled: true,
        publish_proxy_name: 'other',
      },
      { name: 'open', allow_subscribe_for_client: true, allow_publish_for_client: true },
      { name: 'stream', allow_subscribe_for_client: true, ...history, force_recovery: true },
    ],
  },
  rpc: {
    proxy: proxy('rpc'),
    without_namespace: { proxy_enabled: true },
    namespaces: [{ name: 'meta', proxy_enabled: true, proxy_name: 'other' }, { name: 'off' }],
    ping: { enabled: true },
  },
  proxies: [
    {
      name: 'other',
      endpoint: '$BACKEND/other',
      timeout: '500ms',
      binary_encoding: true,
      include_connection_meta: true,
    },
  ],
}
