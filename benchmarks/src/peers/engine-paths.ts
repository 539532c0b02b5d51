/** What the hub and Centrifugo serve alike. */
export const enginePaths = {
  'centrifugo-json': '/connection/websocket',
  'centrifugo-protobuf': '/connection/websocket?format=protobuf',
  'centrifugo-delta': '/connection/websocket',
  'centrifugo-deflate': '/connection/websocket',
  'centrifugo-http-stream': '/connection/http_stream',
  'centrifugo-sse': '/connection/sse',
} as const
