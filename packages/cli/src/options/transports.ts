import { duration, each, flag, group, groups, ignored, integer, text, type Node } from './kinds.ts'
import { tls } from './shared.ts'

const maxBody = { max_request_body_size: integer(65_536) }

/** How Go's server handles its memory is no matter of ours. */
const webSocket: Record<string, Node> = {
  compression: ignored(flag),
  compression_min_size: ignored(integer()),
  compression_level: ignored(integer(1)),
  ...each('read_buffer_size write_buffer_size', ignored(integer())),
  use_write_buffer_pool: ignored(flag),
  write_timeout: ignored(duration('1s')),
  message_size_limit: integer(65_536),
  // The hub's limit holds for a message as it was before compression.
  decompressed_message_size_limit: ignored(integer()),
}

const connectCodeToHttpResponse = group({
  enabled: flag,
  transforms: ignored(groups({ code: integer(), to: group({ status_code: integer(), body: text() }) })),
})

const prefix = (path: string): Record<string, Node> => ({ handler_prefix: text(path) })

export const transportSections: Record<string, Node> = {
  websocket: group({ disabled: flag, ...prefix('/connection/websocket'), ...webSocket }),
  sse: group({ enabled: flag, ...prefix('/connection/sse'), ...maxBody }),
  http_stream: group({ enabled: flag, ...prefix('/connection/http_stream'), ...maxBody }),
  webtransport: group({
    enabled: flag,
    handler_prefix: ignored(text('/connection/webtransport')),
    message_size_limit: ignored(integer(65_536)),
  }),
  uni_sse: group({
    enabled: flag,
    ...prefix('/connection/uni_sse'),
    ...maxBody,
    connect_code_to_http_response: connectCodeToHttpResponse,
  }),
  uni_http_stream: group({
    enabled: flag,
    ...prefix('/connection/uni_http_stream'),
    ...maxBody,
    connect_code_to_http_response: connectCodeToHttpResponse,
  }),
  uni_websocket: group({
    enabled: flag,
    ...prefix('/connection/uni_websocket'),
    ...webSocket,
    ...each('disable_closing_handshake disable_disconnect_push join_push_messages', flag),
  }),
  uni_grpc: group({
    enabled: flag,
    address: ignored(text()),
    port: ignored(integer(11_000)),
    max_receive_message_size: ignored(integer()),
    tls: ignored(tls),
  }),
  emulation: group({ ...prefix('/emulation'), ...maxBody }),
}
