import { expect, test } from 'vitest'
import { configPaths } from './config.ts'

test('every option is named by its path, wherever it has a default, a check or a list around it', () => {
  const paths = configPaths()
  expect(paths).toEqual(
    expect.arrayContaining([
      'client.allowed_origins',
      'client.ping_interval',
      'client.token.hmac_secret_key',
      'channel.without_namespace.history_ttl',
      'channel.namespaces.name',
      'channel.namespaces.presence',
      'http_api.key',
      'websocket.compression',
    ]),
  )
  expect(paths).not.toContain('client')
  expect(paths).not.toContain('channel.namespaces')
  expect(new Set(paths).size).toBe(paths.length)
})
