import { readFileSync } from 'node:fs'

type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }

/** A configuration in Centrifugo v6 shape: nested, snake_case. */
export type ServerConfig = { [key: string]: JsonValue }

/** One channel namespace of such a configuration. */
export type Namespace = { name: string } & { [key: string]: JsonValue }

const isObject = (value: JsonValue | undefined): value is ServerConfig =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Objects are merged key by key, everything else replaces. */
function merge(base: ServerConfig, changes: ServerConfig): ServerConfig {
  const merged = { ...base }
  for (const [key, value] of Object.entries(changes)) {
    const before = merged[key]
    merged[key] = isObject(before) && isObject(value) ? merge(before, value) : value
  }
  return merged
}

/** The product's one configuration file, as it stands in the repository. */
export const productConfig = JSON.parse(
  readFileSync(new URL('../centrifugo/config.json', import.meta.url), 'utf8'),
) as ServerConfig

export const tokenKey = 'the key that the tokens of this suite are signed with'
export const apiKey = 'server-api-key-of-this-suite'
export const allowedOrigin = 'http://allowed.example'

const history = { history_size: 10, history_ttl: '300s' }

/** What the cases need beside the product's own namespaces. */
const namespaces: Namespace[] = [
  { name: 'open', allow_subscribe_for_client: true },
  { name: 'anonymous', allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true },
  { name: 'closed' },
  { name: 'stored', allow_subscribe_for_client: true, ...history },
  { name: 'stream', allow_subscribe_for_client: true, ...history, force_recovery: true },
  { name: 'small', allow_subscribe_for_client: true, history_size: 3, history_ttl: '300s', force_recovery: true },
  { name: 'large', allow_subscribe_for_client: true, history_size: 400, history_ttl: '300s', force_recovery: true },
  { name: 'brief', allow_subscribe_for_client: true, history_size: 10, history_ttl: '1s', force_recovery: true },
  { name: 'positioned', allow_subscribe_for_client: true, ...history, force_positioning: true },
  {
    name: 'optional',
    allow_subscribe_for_client: true,
    ...history,
    allow_positioning: true,
    allow_recovery: true,
  },
  { name: 'readable', allow_subscribe_for_client: true, ...history, allow_history_for_client: true },
  { name: 'unreadable', allow_subscribe_for_client: true, allow_history_for_client: true },
  { name: 'members', allow_subscribe_for_client: true, ...history, allow_history_for_subscriber: true },
  { name: 'talk', allow_subscribe_for_client: true, allow_publish_for_client: true },
  { name: 'talkstored', allow_subscribe_for_client: true, ...history, allow_publish_for_client: true },
  { name: 'talkmembers', allow_subscribe_for_client: true, allow_publish_for_subscriber: true },
  {
    name: 'talkjson',
    allow_subscribe_for_client: true,
    allow_publish_for_client: true,
    publication_data_format: 'json',
  },
  {
    name: 'talkobject',
    allow_subscribe_for_client: true,
    allow_publish_for_client: true,
    publication_data_format: 'json_object',
  },
  { name: 'limited', allow_user_limited_channels: true },
  { name: 'present', allow_subscribe_for_client: true, presence: true, allow_presence_for_client: true },
  { name: 'presentclosed', allow_subscribe_for_client: true, presence: true },
  {
    name: 'joinforced',
    allow_subscribe_for_client: true,
    presence: true,
    join_leave: true,
    force_push_join_leave: true,
  },
  {
    name: 'joinasked',
    allow_subscribe_for_client: true,
    presence: true,
    join_leave: true,
    allow_presence_for_subscriber: true,
  },
  { name: 'joinclosed', allow_subscribe_for_client: true, presence: true, join_leave: true },
  { name: 'joinless', allow_subscribe_for_client: true, presence: true, allow_presence_for_subscriber: true },
  {
    name: 'delta',
    allow_subscribe_for_client: true,
    ...history,
    force_recovery: true,
    allowed_delta_types: ['fossil'],
  },
  {
    name: 'deltaalways',
    allow_subscribe_for_client: true,
    allow_publish_for_client: true,
    ...history,
    force_recovery: true,
    allowed_delta_types: ['fossil'],
    delta_publish: true,
  },
  {
    name: 'deltaunstored',
    allow_subscribe_for_client: true,
    allowed_delta_types: ['fossil'],
    delta_publish: true,
  },
  { name: 'deltaplain', allow_subscribe_for_client: true, ...history, allowed_delta_types: ['fossil'] },
  {
    name: 'cache',
    allow_subscribe_for_client: true,
    ...history,
    force_recovery: true,
    force_recovery_mode: 'cache',
    allowed_delta_types: ['fossil'],
  },
  { name: 'pattern', allow_subscribe_for_client: true, channel_regex: '^[a-z]{3}$' },
]

/** The configuration that feeds every target: the product's, with the suite's keys and namespaces. */
export function suiteConfig(changes: ServerConfig = {}): ServerConfig {
  const product = productConfig.channel
  const productNamespaces = isObject(product) && Array.isArray(product.namespaces) ? product.namespaces : []
  const base = merge(productConfig, {
    client: { token: { hmac_secret_key: tokenKey }, allowed_origins: [allowedOrigin, 'https://*.glob.example'] },
    channel: { namespaces: [...productNamespaces, ...namespaces] },
    http_api: { key: apiKey },
    http_stream: { enabled: true },
    sse: { enabled: true },
    uni_websocket: { enabled: true },
    uni_http_stream: { enabled: true },
    uni_sse: { enabled: true },
  })
  return merge(base, changes)
}
