import { execFileSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const secrets = {
  CENTRIFUGO_TOKEN_HMAC_SECRET: 'canary-token-secret',
  CENTRIFUGO_API_KEY: 'canary-api-key',
  CENTRIFUGO_API_URL: 'http://canary-host/api',
  CENTRIFUGO_WS_URL: 'ws://canary-host/ws',
}
/** Each stands for one piece of server code. */
const serverTraces = [
  'CENTRIFUGO_',
  'X-API-Key',
  'X-Centrifugo-Error-Mode',
  'localhost:8000',
  'idempotency_key',
  'backchannel.hub@',
  'HS256',
  'createSigner',
  'fast-jwt',
  'node:crypto',
]
const sentence = '@backchannel/realtime is server-only. Use @backchannel/realtime/client to subscribe in the browser.'

/** Built with the secrets in the environment, as a deployment does. */
function bundle(
  environment: 'client' | 'server' | 'minified',
  entry = 'entry.ts',
): { code: string; modules: string[] } {
  const output = execFileSync(
    process.execPath,
    [`${import.meta.dirname}/testing/build-fixture.ts`, environment, entry],
    {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      timeout: 60_000,
      env: { ...process.env, ...secrets, NODE_ENV: 'production' },
    },
  )
  return JSON.parse(output) as { code: string; modules: string[] }
}

test('a client bundle holds the stub, the client and nothing of the server', () => {
  const { code, modules } = bundle('client')
  expect(code).toContain(sentence)
  expect(code).toContain('centrifuge')
  expect(code).not.toContain('canary')
  for (const trace of serverTraces) expect(code).not.toContain(trace)

  const own = modules.filter((id) => id.includes('/packages/')).map((id) => id.replace(/^.*\/packages\//, ''))
  expect(own).toContain('realtime/src/browser-stub.ts')
  expect(own).toContain('realtime/src/client/connection.ts')
  const allowed =
    /^realtime\/src\/(browser-stub\.ts|channel-names\.ts|defined\.ts|client\/|react\/|testing\/bundle-fixture\/)/
  expect(own.filter((id) => !allowed.test(id))).toEqual([])
})

test('the search finds the server code where it belongs: in a server bundle', () => {
  const { code, modules } = bundle('server')
  for (const trace of ['CENTRIFUGO_', 'X-API-Key', 'X-Centrifugo-Error-Mode', 'localhost:8000', 'HS256']) {
    expect(code).toContain(trace)
  }
  expect(modules.some((id) => id.endsWith('/realtime/src/publish.ts'))).toBe(true)
  expect(code).not.toContain(sentence)
  expect(code).not.toContain('canary')
})

test('who needs connectEvents alone gets it alone, and it is small', () => {
  const { code, modules } = bundle('minified', 'events-entry.ts')
  const others = modules.filter((id) => !/\/realtime\/src\/(client\/events|testing\/bundle-fixture)\//.test(id))
  expect(others.filter((id) => !id.startsWith('\0'))).toEqual([])
  expect(code).toContain('lastEventId')
  expect(code).not.toContain('centrifuge')
  expect(gzipSync(code).byteLength).toBeLessThan(3 * 1024)
})
