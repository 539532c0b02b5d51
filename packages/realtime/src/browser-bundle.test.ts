import { afterEach, expect, test, vi } from 'vitest'
import { build, defaultClientConditions, defaultServerConditions, type Rolldown } from 'vite'

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

afterEach(() => vi.unstubAllEnvs())

async function bundle(conditions: readonly string[], ssr: boolean): Promise<{ code: string; modules: string[] }> {
  for (const [name, value] of Object.entries(secrets)) vi.stubEnv(name, value)
  const fixture = `${import.meta.dirname}/testing/bundle-fixture`
  const output = (await build({
    configFile: false,
    root: fixture,
    logLevel: 'silent',
    envPrefix: 'VITE_',
    resolve: { conditions: ['@backchannel/source', ...conditions] },
    ...(ssr && { ssr: { noExternal: true, resolve: { conditions: ['@backchannel/source', ...conditions] } } }),
    build: {
      write: false,
      minify: false,
      ssr,
      rolldownOptions: { input: `${fixture}/entry.ts` },
    },
  })) as Rolldown.RolldownOutput
  const chunks = output.output.filter((item) => item.type === 'chunk')
  return { code: chunks.map(({ code }) => code).join('\n'), modules: chunks.flatMap(({ moduleIds }) => moduleIds) }
}

test('a client bundle holds the stub, the client and nothing of the server', async () => {
  const { code, modules } = await bundle(defaultClientConditions, false)
  expect(code).toContain(sentence)
  expect(code).toContain('centrifuge')
  expect(code).not.toContain('canary')
  for (const trace of serverTraces) expect(code).not.toContain(trace)

  const own = modules.filter((id) => id.includes('/packages/')).map((id) => id.replace(/^.*\/packages\//, ''))
  expect(own).toContain('realtime/src/browser-stub.ts')
  expect(own).toContain('realtime/src/client/index.ts')
  const allowed = /^realtime\/src\/(browser-stub\.ts|channel-\w+\.ts|client\/|react\/|testing\/bundle-fixture\/)/
  expect(own.filter((id) => !allowed.test(id))).toEqual([])
})

test('the search finds the server code where it belongs: in a server bundle', async () => {
  const { code, modules } = await bundle(defaultServerConditions, true)
  for (const trace of ['CENTRIFUGO_', 'X-API-Key', 'X-Centrifugo-Error-Mode', 'localhost:8000', 'HS256']) {
    expect(code).toContain(trace)
  }
  expect(modules.some((id) => id.endsWith('/realtime/src/index.ts'))).toBe(true)
  expect(code).not.toContain(sentence)
  expect(code).not.toContain('canary')
})
