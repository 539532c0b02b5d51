import { apiKey, tokenKey } from './payload.ts'

/** What differs from the plain setting; the names are those of Centrifugo's configuration. */
export interface EngineOptions {
  /** Of the channels' namespace. */
  readonly namespace?: Readonly<Record<string, unknown>>
  /** permessage-deflate for those clients that ask for it. */
  readonly compression?: boolean
}

/** What the hub and Centrifugo are both given: a namespace that clients may subscribe to, and nothing that costs. */
export function engineConfig({ namespace, compression = false }: EngineOptions = {}) {
  return {
    client: { token: { hmac_secret_key: tokenKey } },
    channel: { namespaces: [{ name: 'bench', allow_subscribe_for_client: true, ...namespace }] },
    http_api: { key: apiKey },
    websocket: { compression },
    http_stream: { enabled: true },
    sse: { enabled: true },
  }
}
