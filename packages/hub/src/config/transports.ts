import { z } from 'zod'
import { flag, positiveSize, size } from './primitives.ts'

/** Where a transport is found. */
function prefix(path: string) {
  return z
    .string()
    .regex(/^\/[^?#]+$/, 'expected a path that begins with "/"')
    .default(path)
}

/** A transport over plain HTTP. */
function stream(path: string) {
  return z
    .strictObject({
      enabled: flag,
      handler_prefix: prefix(path),
      /** Bytes of the request that opens the connection. */
      max_request_body_size: positiveSize(65_536),
    })
    .prefault({})
}

/** Sections of the configuration, one per transport, by their names in it. */
export const transports = {
  websocket: z
    .strictObject({
      disabled: flag,
      handler_prefix: prefix('/connection/websocket'),
      message_size_limit: positiveSize(65_536),
      /** Offer permessage-deflate. Costs each such connection a write of its own per message, and memory. */
      compression: flag,
      /** Shorter messages are not compressed. */
      compression_min_size: size(0),
      /** From 1, fastest, to 9, smallest. */
      compression_level: z.int().min(-1).max(9).default(1),
    })
    .prefault({}),
  http_stream: stream('/connection/http_stream'),
  sse: stream('/connection/sse'),
  /** Where the commands of `http_stream` and `sse` connections come in. */
  emulation: z
    .strictObject({ handler_prefix: prefix('/emulation'), max_request_body_size: positiveSize(65_536) })
    .prefault({}),
  uni_websocket: z
    .strictObject({
      enabled: flag,
      handler_prefix: prefix('/connection/uni_websocket'),
      message_size_limit: positiveSize(65_536),
      /** Several messages in one frame, a line each. */
      join_push_messages: flag,
      /** Say why a connection ends in Close only. */
      disable_disconnect_push: flag,
    })
    .prefault({}),
  uni_http_stream: stream('/connection/uni_http_stream'),
  uni_sse: stream('/connection/uni_sse'),
}
