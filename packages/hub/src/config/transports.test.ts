import { expect, test } from 'vitest'
import { checkConfig, ConfigError, type HubConfig } from './config.ts'

function problemsOf(config: HubConfig): string {
  try {
    checkConfig(config)
    return ''
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message
  }
}

test('only WebSocket is there by itself, and every transport at Centrifugo’s path', () => {
  const config = checkConfig({})
  expect(config.websocket).toMatchObject({ disabled: false, handler_prefix: '/connection/websocket' })
  for (const name of ['http_stream', 'sse', 'uni_websocket', 'uni_http_stream', 'uni_sse'] as const) {
    expect(config[name]).toMatchObject({ enabled: false, handler_prefix: `/connection/${name}` })
  }
  expect(config.emulation).toEqual({ handler_prefix: '/emulation', max_request_body_size: 65_536 })
})

test('a path begins with a slash and holds nothing but a path', () => {
  for (const handler_prefix of ['', 'sse', '/sse?x', '/sse#x', '/', '//']) {
    expect(problemsOf({ sse: { handler_prefix } }), handler_prefix).toContain('sse.handler_prefix')
  }
  expect(checkConfig({ sse: { handler_prefix: '/rt/sse/' } }).sse.handler_prefix).toBe('/rt/sse')
})

test('what a failed connect is answered with has a status that there is', () => {
  const withStatus = (status_code: number): HubConfig => ({
    uni_sse: { connect_code_to_http_response: { enabled: true, transforms: [{ code: 109, to: { status_code } }] } },
  })
  expect(problemsOf(withStatus(401))).toBe('')
  for (const status of [0, 100, 600, 401.5]) expect(problemsOf(withStatus(status))).toContain('status_code')
})

test('what a failed connect is told with is a disconnect that there is', () => {
  const withDisconnect = (code: number, reason: string): HubConfig => ({
    client: { connect_code_to_unidirectional_disconnect: { transforms: [{ code: 109, to: { code, reason } }] } },
  })
  expect(problemsOf(withDisconnect(4501, 'log in again'))).toBe('')
  for (const code of [0, 109, 2999, 5000]) expect(problemsOf(withDisconnect(code, ''))).toContain('code')
  expect(problemsOf(withDisconnect(4501, 'x'.repeat(124)))).toContain('reason: expected at most 123 bytes')
})
