import { apiKey, tokenKey } from './payload.ts'

/** What the hub and Centrifugo are both given: a namespace that clients may subscribe to, and nothing else. */
export const centrifugoConfig = {
  client: { token: { hmac_secret_key: tokenKey } },
  channel: { namespaces: [{ name: 'bench', allow_subscribe_for_client: true }] },
  http_api: { key: apiKey },
}
