// The official clients of other languages: one check each that connecting, subscribing, recovering, presence, history
// and both codecs work between them and the hub, and that the real server says the same.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { isDeepStrictEqual } from 'node:util'

import { servicesAreRequired } from '@backchannel/servers'
import { describe, expect, test } from 'vitest'

import { Line } from './clients/line.ts'
import { clients, type Program } from './clients/programs.ts'
import { apiKey, tokenKey, type ServerConfig } from './config.ts'
import { onTarget } from './suite/conformance-suite.ts'
import { inSeconds, signToken } from './support/tokens.ts'
import { waitFor } from './support/wait-for.ts'
import { centrifugo } from './targets/centrifugo.ts'
import { hub } from './targets/hub.ts'

const channel = 'smoke:room'

const config: ServerConfig = {
  client: { token: { hmac_secret_key: tokenKey }, allowed_origins: [] },
  http_api: { key: apiKey },
  channel: {
    namespaces: [
      {
        name: 'smoke',
        allow_subscribe_for_client: true,
        allow_publish_for_client: true,
        allow_presence_for_client: true,
        allow_history_for_client: true,
        presence: true,
        history_size: 10,
        history_ttl: '300s',
        force_recovery: true,
      },
    ],
  },
}

interface Event {
  readonly event: string
  readonly [field: string]: unknown
}

/** A running client, with what it has told so far. */
class Running {
  readonly events: Event[] = []
  readonly #child
  #errors = ''

  constructor({ file, args }: Program, variables: Readonly<Record<string, string>>) {
    // Nothing of this process's own: a proxy that is set for it must not stand between client and server.
    const PATH = process.env['PATH'] ?? ''
    this.#child = spawn(file, args, { env: { PATH, ...variables }, stdio: 'pipe' })
    this.#child.stderr.on('data', (text: Buffer) => (this.#errors += text.toString('utf8')))
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.events.push(JSON.parse(line) as Event))
  }

  async tells(expected: Event, times = 1): Promise<void> {
    const matches = (event: Event): boolean => isDeepStrictEqual(event, expected)
    try {
      await waitFor(JSON.stringify(expected), () => this.events.filter(matches).length >= times)
    } catch (error) {
      throw new Error(`it told only ${JSON.stringify(this.events)}; ${this.#errors}`, { cause: error })
    }
  }

  /** @returns the exit code */
  async end(): Promise<unknown> {
    if (this.#child.exitCode !== null) return this.#child.exitCode
    const exited = once(this.#child, 'exit')
    this.#child.stdin.end('end\n')
    const [code] = (await exited) as unknown[]
    return code
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

const targets = [hub, await centrifugo()]

for (const make of clients) {
  const { name, program, missing } = await make()
  if (!program && servicesAreRequired()) throw new Error(`REQUIRE_SERVICES=1, but ${missing}`)
  const options = program ? {} : { skip: true, meta: { skipReason: missing } }
  describe(`the ${name} client`, options, () => {
    for (const target of targets) {
      onTarget(target, () => {
        test.each(['json', 'protobuf'])(
          'connects, subscribes, asks and recovers: %s',
          async (codec) => {
            if (!program) throw new Error(missing)
            const server = await target.start(config)
            const line = await Line.to(server.wsUrl)
            const url = new URL(line.url)
            if (codec === 'protobuf') url.searchParams.set('cf_protocol', 'protobuf')
            const token = signToken({ sub: 'alice', exp: inSeconds(600) }, { key: tokenKey })
            const running = new Running(program, { URL: line.url, TOKEN: token, CHANNEL: channel, CODEC: codec })
            const publish = async (data: object): Promise<void> => {
              const headers = { 'x-api-key': apiKey, 'content-type': 'application/json' }
              const body = JSON.stringify({ channel, data })
              const response = await fetch(`${server.apiUrl}/publish`, { method: 'POST', headers, body })
              expect(await response.json()).toHaveProperty('result')
            }
            try {
              await running.tells({ event: 'connected' })
              await running.tells({ event: 'subscribed', recovered: false })
              await running.tells({ event: 'publication', data: { from: 'client' } })
              await running.tells({ event: 'presence', users: ['alice'] })
              await running.tells({ event: 'presence stats', clients: 1, users: 1 })
              await running.tells({ event: 'history', data: [{ from: 'client' }], offset: 1 })
              await publish({ from: 'the server, ünïcode' })
              await running.tells({ event: 'publication', data: { from: 'the server, ünïcode' } })

              line.cut()
              await running.tells({ event: 'connecting' }, 2)
              await publish({ missed: 1 })
              await publish({ missed: 2 })
              line.mend()
              await running.tells({ event: 'subscribed', recovered: true })
              await running.tells({ event: 'publication', data: { missed: 2 } })
              const heard = running.events.filter(({ event }) => event === 'publication').map(({ data }) => data)
              expect(heard).toEqual([{ from: 'client' }, { from: 'the server, ünïcode' }, { missed: 1 }, { missed: 2 }])
              expect(await running.end()).toBe(0)
            } finally {
              running.kill()
              await line.end()
              await server.stop()
            }
          },
          30_000,
        )
      })
    }
  })
}
