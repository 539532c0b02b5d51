/** v5 options whose conversion takes more than another name. */

/** Sections whose TLS options v5 writes flat: v5 prefix → v6 path of the TLS section. */
export const tlsSections: ReadonlyMap<string, string> = new Map([
  ['', 'http_server.tls'],
  ['redis_', 'engine.redis.tls'],
  ['redis_sentinel_', 'engine.redis.sentinel_tls'],
  ['grpc_api_', 'grpc_api.tls'],
  ['uni_grpc_', 'uni_grpc.tls'],
])

/** v5 name without `tls_` → v6 name. Of several that were given the last one counts: v5 takes PEM text over files. */
export const tlsNames: ReadonlyMap<string, string> = new Map([
  ['cert', 'cert_pem'],
  ['key', 'key_pem'],
  ['root_ca', 'server_ca_pem'],
  ['client_ca', 'client_ca_pem'],
  ['cert_pem', 'cert_pem'],
  ['key_pem', 'key_pem'],
  ['root_ca_pem', 'server_ca_pem'],
  ['client_ca_pem', 'client_ca_pem'],
  ['server_name', 'server_name'],
  ['insecure_skip_verify', 'insecure_skip_verify'],
])

/** Of proxies: v5 name of the event → v6 path of its proxy. */
export const proxyEvents: ReadonlyMap<string, string> = new Map([
  ['connect', 'client.proxy.connect'],
  ['refresh', 'client.proxy.refresh'],
  ['subscribe', 'channel.proxy.subscribe'],
  ['publish', 'channel.proxy.publish'],
  ['sub_refresh', 'channel.proxy.sub_refresh'],
  ['subscribe_stream', 'channel.proxy.subscribe_stream'],
  ['rpc', 'rpc.proxy'],
])

/** Of every proxy at once: v5 name behind `proxy_` → v6 path within a proxy. */
export const proxyNames: ReadonlyMap<string, string> = new Map([
  ['http_headers', 'http_headers'],
  ['grpc_metadata', 'grpc_metadata'],
  ['binary_encoding', 'binary_encoding'],
  ['include_connection_meta', 'include_connection_meta'],
  ['static_http_headers', 'http.static_headers'],
  ['http_status_code_transforms', 'http.status_to_code_transforms'],
  ['grpc_credentials_key', 'grpc.credentials_key'],
  ['grpc_credentials_value', 'grpc.credentials_value'],
  ['grpc_compression', 'grpc.compression'],
])

/** Of one entry of `proxies`. */
export const namedProxyNames: ReadonlyMap<string, string> = new Map([
  ['name', 'name'],
  ['endpoint', 'endpoint'],
  ['timeout', 'timeout'],
  ...Array.from(proxyNames).filter(([name]) => name !== 'http_status_code_transforms'),
  ['http_status_to_code_transforms', 'http.status_to_code_transforms'],
])

/** Of channels and namespaces: they name an entry of `proxies`, and by that switch it on. */
export const proxyChoices: readonly string[] = ['subscribe', 'publish', 'sub_refresh', 'subscribe_stream'].map(
  (event) => `${event}_proxy_name`,
)

const others = new Set([
  'namespaces',
  'rpc_namespaces',
  'granular_proxy_mode',
  'connect_proxy_name',
  'refresh_proxy_name',
  'rpc_proxy_name',
  'tls_autocert_host_whitelist',
  ...proxyChoices,
])

export function isSpecial(name: string): boolean {
  if (others.has(name)) return true
  for (const prefix of tlsSections.keys()) {
    if (name === `${prefix}tls`) return true
    if (name.startsWith(`${prefix}tls_`) && tlsNames.has(name.slice(prefix.length + 4))) return true
  }
  const proxy = /^proxy_(.*)$/.exec(name)?.[1]
  if (proxy === undefined) return false
  return proxyNames.has(proxy) || proxyEvents.has(proxy.replace(/_(?:endpoint|timeout)$/, ''))
}
