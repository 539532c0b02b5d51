import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseEnv } from 'node:util'

import { createHub, type HubConfig } from '@backchannel/hub'
import { requireServices, startCentrifugo } from '@backchannel/servers'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

const root = dirname(import.meta.dirname)
const read = (name: string) => readFileSync(join(root, name), 'utf8')

const compose = parse(read('compose.yaml'))
const config: HubConfig = JSON.parse(read('centrifugo/config.json'))
const example = read('.env.example')
const environment = parseEnv(example)
const documented = [...example.matchAll(/^#? ?([A-Z_]+)=/gm)].map(([, name]) => name)
const centrifugoIsThere = await requireServices('centrifugo')

describe('compose.yaml', () => {
  test('offers Centrifugo v6 by the profile `realtime`, with the mounted configuration', () => {
    expect(compose.services.centrifugo).toMatchObject({
      profiles: ['realtime'],
      image: 'centrifugo/centrifugo:v6',
      command: 'centrifugo -c config.json',
      volumes: ['./centrifugo:/centrifugo'],
      ports: ['127.0.0.1:8000:8000'],
    })
  })

  test('starts nothing without a profile', () => {
    for (const [name, service] of Object.entries<{ profiles?: string[] }>(compose.services)) {
      expect(service.profiles, name).toHaveLength(1)
    }
  })
})

describe('.env.example, copied as it is', () => {
  test('holds the secrets of the mounted configuration', () => {
    expect(environment['CENTRIFUGO_TOKEN_HMAC_SECRET']).toBe(config.client?.token?.hmac_secret_key)
    expect(environment['CENTRIFUGO_API_KEY']).toBe(config.http_api?.key)
  })

  test('points to the published port', () => {
    expect(environment['CENTRIFUGO_API_URL']).toBe('http://localhost:8000/api')
    expect(environment['CENTRIFUGO_WS_URL']).toBe('ws://localhost:8000/connection/websocket')
  })

  test('explains every variable, set or commented out, in a comment of its own', () => {
    for (const paragraph of example.trim().split('\n\n')) expect(paragraph).toMatch(/^# [A-Z`][^\n]*\.(\n|$)/)
    expect(new Set(documented.slice(0, 4))).toEqual(new Set(Object.keys(environment)))
  })

  test('leaves out no variable that the sandbox reads', () => {
    const settings = read('apps/sandbox/server/settings.ts')
    const names = [...settings.matchAll(/\b(?:get|choice)\('([A-Z_]+)'/g)].map(([, name]) => name)
    expect(names).toContain('DATABASE_URL')
    expect(documented).toEqual(expect.arrayContaining(names))
  })

  test('says that its secrets are for development only', () => {
    expect(example).toContain('for development only')
    expect(environment['CENTRIFUGO_TOKEN_HMAC_SECRET']).toContain('development-only')
    expect(environment['CENTRIFUGO_API_KEY']).toContain('development-only')
  })
})

describe('centrifugo/config.json', () => {
  test('lets the app in and keeps `personal` to who has a token', () => {
    expect(config.client?.allowed_origins).toContain('http://localhost:3000')
    expect(config.channel?.namespaces).toEqual([
      {
        name: 'sandbox',
        allow_subscribe_for_client: true,
        history_size: 100,
        history_ttl: '300s',
        force_recovery: true,
      },
      { name: 'personal', presence: true, history_size: 300, history_ttl: '600s', force_recovery: true },
    ])
  })

  test('is a configuration that the hub takes', async () => {
    const hub = createHub({ config, register: false })
    await hub.close()
  })

  test('stops the hub when an option in it is unknown', () => {
    const client = { ...config.client, alowed_origins: [] }
    expect(() => createHub({ config: { ...config, client }, register: false })).toThrow('alowed_origins')
  })

  test('is a configuration that Centrifugo takes', centrifugoIsThere, async () => {
    const server = await startCentrifugo({ config: { ...config } })
    try {
      const publish = (channel: string) =>
        fetch(`${server.apiUrl}/publish`, {
          method: 'POST',
          headers: { 'X-API-Key': String(environment['CENTRIFUGO_API_KEY']) },
          body: JSON.stringify({ channel, data: {} }),
        }).then((response) => response.json())
      expect(await publish('sandbox:demo')).toMatchObject({ result: { offset: 1 } })
      expect(await publish('personal:1')).toMatchObject({ result: { offset: 1 } })
      expect(await publish('unknown:1')).toMatchObject({ error: { code: 102 } })
    } finally {
      await server.stop()
    }
  })
})
