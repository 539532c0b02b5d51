import { duration, each, flag, group, ignored, integer, list, text, type Node } from './kinds.ts'
import { tls } from './shared.ts'

/** Of the server around the hub. */
export const serverSections: Record<string, Node> = {
  http_server: group({
    ...each('address internal_address internal_port', text()),
    port: integer(8000),
    tls,
    tls_autocert: group({
      enabled: flag,
      host_whitelist: ignored(list()),
      ...each('cache_dir email server_name', ignored(text())),
      http: ignored(flag),
      http_addr: ignored(text(':80')),
    }),
    tls_external: ignored(flag),
    internal_tls: tls,
    http3: group({ enabled: flag }),
    h2c_external: flag,
  }),
  log: group({ level: text('info'), file: text() }),
  http_api: group({
    ...each('disabled external insecure', flag),
    handler_prefix: text('/api'),
    ...each('key error_mode', text()),
  }),
  grpc_api: group({
    enabled: flag,
    ...each('error_mode address key', ignored(text())),
    port: ignored(integer(10_000)),
    tls: ignored(tls),
    reflection: ignored(flag),
    max_receive_message_size: ignored(integer()),
  }),
  admin: group({
    ...each('enabled insecure external', flag),
    ...each('handler_prefix password secret', text()),
    ...each('web_path web_proxy_address', ignored(text())),
  }),
  prometheus: group({
    enabled: flag,
    handler_prefix: text('/metrics'),
    ...each('instrument_http_handlers recovered_publications_histogram native_histograms', ignored(flag)),
  }),
  health: group({ enabled: flag, handler_prefix: text('/health') }),
  swagger: ignored(group({ enabled: flag, handler_prefix: text('/swagger') })),
  debug: ignored(group({ enabled: flag, handler_prefix: text('/debug/pprof') })),
  init: group({ enabled: flag, handler_prefix: text('/connection/init') }),
  opentelemetry: ignored(group(each('enabled api consuming google_cloud_adc_auth', flag))),
  graphite: ignored(
    group({
      enabled: flag,
      host: text('localhost'),
      port: integer(2003),
      prefix: text('centrifugo'),
      interval: duration('10s'),
      tags: flag,
    }),
  ),
  usage_stats: group({ disabled: flag }),
  node: ignored(group({ name: text(), info_metrics_aggregate_interval: duration('1m') })),
  shutdown: group({ timeout: duration('30s') }),
  pid_file: text(),
  enable_unreleased_features: ignored(flag),
}
