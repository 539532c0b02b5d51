import { z } from 'zod'
import { duration, flag, positiveSize, size } from './primitives.ts'

/** Where a transport is found. */
function prefix(path: string) {
  return z
    .string()
    .regex(/^\/+[^/?#][^?#]*$/, 'expected a path that begins with "/"')
    .default(path)
    .transform((given) => given.replace(/\/+$/, ''))
}

function streamOptions(path: string) {
  return {
    enabled: flag,
    handler_prefix: prefix(path),
    /** Bytes of the request that opens the connection. */
    max_request_body_size: positiveSize(65_536),
  }
}

/** A transport over plain HTTP. */
function stream(path: string) {
  return z.strictObject(streamOptions(path)).prefault({})
}

/** What a failed connect is answered with in place of a stream that begins and ends. */
const httpResponses = z
  .strictObject({
    enabled: flag,
    /** By the code of the error or disconnect; what is not listed is answered 500. */
    transforms: z
      .array(
        z.strictObject({
          code: z.int().min(1),
          to: z.strictObject({
            status_code: z.int().min(200).max(599),
            /** Empty: the error's message. */
            body: z.string().default(''),
          }),
        }),
      )
      .default([]),
  })
  .prefault({})

/** A stream that is not emulated. */
function uniStream(path: string) {
  return z.strictObject({ ...streamOptions(path), connect_code_to_http_response: httpResponses }).prefault({})
}

const webSocketOptions = {
  message_size_limit: positiveSize(65_536),
  /** Offer permessage-deflate. A publication is compressed once for all; what a client compresses costs memory. */
  compression: flag,
  /** Shorter messages are not compressed. */
  compression_min_size: size(0),
  /** From 1, fastest, to 9, smallest. */
  compression_level: z.int().min(-1).max(9).default(1),
  /** How long a peer may take to read what was written; 0: as long as it likes. */
  write_timeout: duration('1s'),
}

/** Sections of the configuration, one per transport, by their names in it. */
export const transports = {
  websocket: z
    .strictObject({
      disabled: flag,
      handler_prefix: prefix('/connection/websocket'),
      ...webSocketOptions,
    })
    .prefault({}),
  http_stream: stream('/connection/http_stream'),
  sse: stream('/connection/sse'),
  /** Where the commands of `http_stream` and `sse` connections come in. */
  emulation: z
    .strictObject({ handler_prefix: prefix('/emulation'), max_request_body_size: positiveSize(65_536) })
    .prefault({}),
  /** Answers `{}`: a balancer that tells servers apart by a cookie can set it before a connection is made. */
  init: z.strictObject({ enabled: flag, handler_prefix: prefix('/connection/init') }).prefault({}),
  uni_websocket: z
    .strictObject({
      enabled: flag,
      handler_prefix: prefix('/connection/uni_websocket'),
      ...webSocketOptions,
      /** Several messages in one frame, a line each. */
      join_push_messages: flag,
      /** Say why a connection ends in Close only. */
      disable_disconnect_push: flag,
      /** End without Close. */
      disable_closing_handshake: flag,
    })
    .prefault({}),
  uni_http_stream: uniStream('/connection/uni_http_stream'),
  uni_sse: uniStream('/connection/uni_sse'),
}
