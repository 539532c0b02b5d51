import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { suiteConfig } from '../config.ts'
import { onTarget } from '../suite/conformance-suite.ts'
import { inSeconds, signToken } from '../support/tokens.ts'
import { centrifugo } from '../targets/centrifugo.ts'
import { hub } from '../targets/hub.ts'
import type { RunningServer } from '../targets/target.ts'
import { ClientProgram, type Told } from './client-program.ts'
import { Line } from './line.ts'

const namespace = {
  name: 'shared',
  allow_subscribe_for_client: true,
  allow_publish_for_subscriber: true,
  allow_history_for_subscriber: true,
  allow_presence_for_subscriber: true,
  presence: true,
  history_size: 10,
  history_ttl: '300s',
  force_recovery: true,
}

const targets = [hub, await centrifugo()]

/**
 * What a client in any language does in its first minutes, against every target and in both codecs.
 * @param command the program and its arguments, for a codec, a URL, a connection token and a channel
 */
export function clientStory(command: (args: readonly string[]) => readonly [string, readonly string[]]): void {
  for (const target of targets) {
    onTarget(target, () => {
      let server: RunningServer
      beforeAll(async () => {
        server = await target.start(suiteConfig({ channel: { namespaces: [namespace] } }))
      })
      afterAll(() => server?.stop())

      describe.each(['json', 'protobuf'])('in %s', (codec) => {
        test('subscribes, hears, publishes, sees who is there, and recovers what it missed', async () => {
          const channel = `shared:${codec}`
          const token = signToken({ sub: 'ada', exp: inSeconds(600) }, { key: server.tokenKey })
          // Libraries select the codec by subprotocol, or leave it to the URL.
          const url = codec === 'protobuf' ? `${server.wsUrl}?cf_protocol=protobuf` : server.wsUrl
          const client = new ClientProgram(...command([codec, url, token, channel]))
          onTestFinished(() => client.end())

          client.say('subscribe', 'connect')
          expect(await client.next()).toEqual({ event: 'connected' })
          expect(await client.next()).toEqual({ event: 'subscribed', recovering: false, recovered: false })

          await publish(server, channel, { n: 1 })
          expect(await client.next()).toEqual({ event: 'publication', data: { n: 1 }, offset: 1 })
          client.say('publish {"n":2}')
          expect(await client.next()).toEqual({ event: 'publication', data: { n: 2 }, offset: 2, user: 'ada' })
          client.say('presence')
          expect(await client.next()).toEqual({ event: 'presence', users: ['ada'] })

          client.say('disconnect')
          expect(await client.next()).toMatchObject({ event: 'disconnected' })
          await publish(server, channel, { n: 3, text: 'ä😀' })
          await publish(server, channel, [4])
          client.say('connect')
          expect(await client.next()).toEqual({ event: 'connected' })
          expect(await client.next()).toEqual({ event: 'subscribed', recovering: true, recovered: true })
          expect(await client.next()).toEqual({ event: 'publication', data: { n: 3, text: 'ä😀' }, offset: 3 })
          expect(await client.next()).toEqual({ event: 'publication', data: [4], offset: 4 })
          client.say('history')
          expect(await client.next()).toEqual({
            event: 'history',
            data: [{ n: 1 }, { n: 2 }, { n: 3, text: 'ä😀' }, [4]],
            offset: 4,
          })
        })

        test('comes back by itself when the line breaks, and misses nothing', async () => {
          const channel = `shared:broken-${codec}`
          const token = signToken({ sub: 'ada', exp: inSeconds(600) }, { key: server.tokenKey })
          const line = await Line.to(server.wsUrl)
          onTestFinished(() => line.end())
          const url = codec === 'protobuf' ? `${line.url}?cf_protocol=protobuf` : line.url
          const client = new ClientProgram(...command([codec, url, token, channel]))
          onTestFinished(() => client.end())
          // How it words that the line is broken is its own matter.
          const next = async (): Promise<Told> => {
            for (;;) {
              const told = await client.next()
              if (told.event !== 'error' || told['doing'] !== 'connection') return told
            }
          }

          client.say('subscribe', 'connect')
          expect(await next()).toEqual({ event: 'connected' })
          expect(await next()).toEqual({ event: 'subscribed', recovering: false, recovered: false })
          line.cut()
          await publish(server, channel, { missed: 1 })
          await publish(server, channel, { missed: 2 })
          line.mend()
          expect(await next()).toEqual({ event: 'connected' })
          expect(await next()).toEqual({ event: 'subscribed', recovering: true, recovered: true })
          expect(await next()).toEqual({ event: 'publication', data: { missed: 1 }, offset: 1 })
          expect(await next()).toEqual({ event: 'publication', data: { missed: 2 }, offset: 2 })
        }, 30_000)

        test('hears why it may not: an invalid token is final', async () => {
          const token = signToken({ sub: 'ada' }, { key: 'another key' })
          const url = codec === 'protobuf' ? `${server.wsUrl}?cf_protocol=protobuf` : server.wsUrl
          const client = new ClientProgram(...command([codec, url, token, 'shared:a']))
          onTestFinished(() => client.end())
          client.say('connect')
          expect(await client.next()).toEqual({ event: 'disconnected', code: 3500 })
        })
      })
    })
  }
}

async function publish(server: RunningServer, channel: string, data: unknown): Promise<void> {
  const response = await fetch(`${server.apiUrl}/publish`, {
    method: 'POST',
    headers: { 'x-api-key': server.apiKey, 'content-type': 'application/json' },
    body: JSON.stringify({ channel, data }),
  })
  expect(await response.json()).toHaveProperty('result')
}
