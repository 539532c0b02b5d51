import { expect, test, vi } from 'vitest'
import { readMetrics } from './metrics.ts'
import { outcomeOf } from '../api/http-api-outcome.ts'
import { Backend } from '../testing/backend.ts'
import { createTestHub, type TestHub } from '../testing/test-hub.ts'
import { webSocketWires } from '../wires/wires.ts'

/** As Centrifugo v6.9.1 has them: type and labels by name. */
const known: Readonly<Record<string, readonly [type: string, ...labels: string[]]>> = {
  centrifugo_api_command_duration_seconds_histogram: ['histogram', 'method', 'protocol'],
  centrifugo_api_command_errors_total: ['counter', 'error', 'method', 'protocol'],
  centrifugo_client_command_duration_seconds_histogram: ['histogram', 'channel_namespace', 'method'],
  centrifugo_client_connections_accepted: ['counter', 'accept_protocol', 'client_name', 'client_version', 'transport'],
  centrifugo_client_connections_inflight: ['gauge', 'accept_protocol', 'client_name', 'client_version', 'transport'],
  centrifugo_client_num_reply_errors: ['counter', 'channel_namespace', 'code', 'method'],
  centrifugo_client_num_server_disconnects: ['counter', 'code'],
  centrifugo_client_recover: ['counter', 'channel_namespace', 'has_recovered_publications', 'recovered'],
  centrifugo_client_subscriptions_inflight: ['gauge', 'channel_namespace', 'client_name'],
  centrifugo_node_action_count: ['counter', 'action', 'channel_namespace'],
  centrifugo_node_build: ['gauge', 'version'],
  centrifugo_node_client_connection_limit: ['counter'],
  centrifugo_node_messages_received_count: ['counter', 'channel_namespace', 'type'],
  centrifugo_node_messages_sent_count: ['counter', 'channel_namespace', 'type'],
  centrifugo_node_num_channels: ['gauge'],
  centrifugo_node_num_clients: ['gauge'],
  centrifugo_node_num_nodes: ['gauge'],
  centrifugo_node_num_subscriptions: ['gauge'],
  centrifugo_node_num_users: ['gauge'],
  centrifugo_proxy_duration_seconds_histogram: ['histogram', 'name', 'protocol', 'type'],
  centrifugo_proxy_errors: ['counter', 'name', 'protocol', 'type'],
  centrifugo_proxy_inflight_requests: ['gauge', 'name', 'protocol', 'type'],
  centrifugo_transport_messages_received: ['counter', 'channel_namespace', 'frame_type', 'transport'],
  centrifugo_transport_messages_received_size: ['counter', 'channel_namespace', 'frame_type', 'transport'],
  centrifugo_transport_messages_sent: ['counter', 'channel_namespace', 'frame_type', 'transport'],
}

/** Each sample by its name and labels, in the order of the alphabet: `name{a="1",b="2"}`. */
async function samplesOf({ core }: Pick<TestHub, 'core'>): Promise<Map<string, number>> {
  const { body } = await readMetrics(core)
  const samples = new Map<string, number>()
  for (const line of body.split('\n')) {
    const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (name === undefined) continue
    const sorted = labels.match(/\w+="[^"]*"/g)?.toSorted() ?? []
    samples.set(sorted.length === 0 ? name : `${name}{${sorted.join(',')}}`, Number(value))
  }
  return samples
}

/** Counted as a WebSocket's, though nothing stands around its texts. */
const bareWebSocket = webSocketWires({
  name: 'ws',
  text: (text) => Buffer.from(text),
  binary: (bytes) => bytes,
  maxMessages: Number.POSITIVE_INFINITY,
})

test('counts who is there and what they do', async () => {
  const hub = createTestHub()
  const alice = hub.connected('alice')
  const bob = hub.connected('bob', bareWebSocket.json)
  for (const peer of [alice, bob]) peer.send({ id: 2, subscribe: { channel: 'kept:a' } })
  hub.clock.tick()
  alice.send({ id: 3, publish: { channel: 'kept:a', data: 1 } }, { id: 4, publish: { channel: 'closed:a', data: 1 } })
  hub.clock.tick()
  expect(Array.from(await samplesOf(hub))).toEqual(
    expect.arrayContaining([
      ['centrifugo_node_num_clients', 2],
      ['centrifugo_node_num_users', 2],
      ['centrifugo_node_num_channels', 1],
      ['centrifugo_node_num_subscriptions', 2],
      [
        'centrifugo_client_connections_inflight{accept_protocol="",client_name="unregistered",client_version="unversioned",transport="websocket"}',
        2,
      ],
      ['centrifugo_client_subscriptions_inflight{channel_namespace="",client_name="unregistered"}', 2],
      ['centrifugo_client_command_duration_seconds_histogram_count{channel_namespace="",method="publish"}', 2],
      [
        'centrifugo_client_command_duration_seconds_histogram_bucket{channel_namespace="",le="0.0001",method="publish"}',
        2,
      ],
      ['centrifugo_client_num_reply_errors{channel_namespace="",code="103",method="publish"}', 1],
      ['centrifugo_node_messages_sent_count{channel_namespace="",type="publication"}', 1],
      ['centrifugo_node_messages_received_count{channel_namespace="",type="publication"}', 1],
      ['centrifugo_transport_messages_received{channel_namespace="",frame_type="subscribe",transport="websocket"}', 2],
      [
        'centrifugo_transport_messages_received_size{channel_namespace="",frame_type="subscribe",transport="websocket"}',
        2 * '{"id":2,"subscribe":{"channel":"kept:a"}}'.length,
      ],
      // The answer that is an error counts with its command.
      ['centrifugo_transport_messages_sent{channel_namespace="",frame_type="publish",transport="websocket"}', 2],
      [
        'centrifugo_transport_messages_sent{channel_namespace="",frame_type="push_publication",transport="http_stream"}',
        1,
      ],
      [
        'centrifugo_transport_messages_sent{channel_namespace="",frame_type="push_publication",transport="websocket"}',
        1,
      ],
    ]),
  )

  alice.session.closed()
  bob.send({ id: 5, connect: {} })
  const { messages } = bob
  expect(messages.length).toBeGreaterThan(0)
  expect(Array.from(await samplesOf(hub))).toEqual(
    expect.arrayContaining([
      ['centrifugo_node_num_clients', 0],
      ['centrifugo_node_action_count{action="add_client",channel_namespace=""}', 2],
      ['centrifugo_node_action_count{action="remove_client",channel_namespace=""}', 2],
      ['centrifugo_node_action_count{action="add_subscription",channel_namespace=""}', 2],
      ['centrifugo_node_action_count{action="remove_subscription",channel_namespace=""}', 2],
      // Who went by themselves was not disconnected by the server.
      ['centrifugo_client_num_server_disconnects{code="3501"}', 1],
    ]),
  )
  hub.close()
})

test('tells recoveries that succeed from those that don’t', async () => {
  const hub = createTestHub()
  const { epoch } = await hub.core.publish('kept:a', { data: '1' })
  const recover = (offset: number, of = epoch): void => {
    const peer = hub.connected()
    peer.send({ id: 2, subscribe: { channel: 'kept:a', recover: true, offset, epoch: of } })
  }
  recover(0)
  recover(1)
  recover(1, 'another')
  hub.clock.tick()
  const samples = await samplesOf(hub)
  const outcome = (recovered: string, has: string): number | undefined =>
    samples.get(
      `centrifugo_client_recover{channel_namespace="",has_recovered_publications="${has}",recovered="${recovered}"}`,
    )
  expect([outcome('yes', 'yes'), outcome('yes', 'no'), outcome('no', 'no')]).toEqual([1, 1, 1])
  hub.close()
})

test('counts the connections that were turned away for their number', async () => {
  const hub = createTestHub({ config: { client: { connection_limit: 1 } } })
  expect(hub.core.admits()).toBe(true)
  const peer = hub.peer()
  expect(hub.core.admits()).toBe(false)
  expect((await samplesOf(hub)).get('centrifugo_node_client_connection_limit')).toBe(1)
  peer.session.closed()
  hub.close()
})

test('counts API calls, with their errors, and gives what isn’t a method no name of its own', async () => {
  const hub = createTestHub()
  const call = (method: string, request: object): unknown =>
    outcomeOf(hub.core, method, request, (name) => (name === 'data' ? '1' : undefined))
  await call('publish', { channel: 'open:a' })
  await call('publish', { channel: 'nowhere:a' })
  await call('publish', { channel: 1 })
  await call('made_up_by_the_caller', {})
  const samples = await samplesOf(hub)
  const count = 'centrifugo_api_command_duration_seconds_histogram_count'
  expect(samples.get(`${count}{method="publish",protocol="http"}`)).toBe(3)
  expect(samples.get(`${count}{method="unknown",protocol="http"}`)).toBe(1)
  expect(samples.get('centrifugo_api_command_errors_total{error="102",method="publish",protocol="http"}')).toBe(1)
  expect(Array.from(samples.keys()).filter((name) => name.includes('made_up'))).toEqual([])
  hub.close()
})

test('every metric is Centrifugo’s by name, type and labels; proxies are among them', async () => {
  const backend = new Backend()
  await backend.start()
  const endpoint = `http://${backend.host}/`
  const hub = createTestHub({ config: { rpc: { proxy: { endpoint }, without_namespace: { proxy_enabled: true } } } })
  const peer = hub.connected()
  for (const [id, status] of [
    [2, 200],
    [3, 500],
  ] as const) {
    backend.answer = () => ({ status, body: '{"result":{}}' })
    peer.send({ id, rpc: { method: 'm' } })
    await vi.waitFor(() => {
      hub.clock.tick()
      expect(peer.reply(id)).toBeDefined()
    })
  }
  const samples = await samplesOf(hub)
  const labels = '{name="default",protocol="http",type="rpc"}'
  expect(samples.get(`centrifugo_proxy_duration_seconds_histogram_count${labels}`)).toBe(2)
  expect(samples.get(`centrifugo_proxy_errors${labels}`)).toBe(1)
  expect(samples.get(`centrifugo_proxy_inflight_requests${labels}`)).toBe(0)

  const { body } = await readMetrics(hub.core)
  const types = Array.from(body.matchAll(/^# TYPE (\w+) (\w+)$/gm), ([, name = '', type]) => [name, type])
  expect(Object.fromEntries(types)).toEqual(
    Object.fromEntries(Object.entries(known).map(([name, [type]]) => [name, type])),
  )
  for (const sample of samples.keys()) {
    const [, name = '', given = ''] = /^(\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})?$/.exec(sample) ?? []
    const [, ...expected] = known[sample.split('{')[0] ?? ''] ?? known[name] ?? []
    const names = Array.from(given.matchAll(/(\w+)="/g), ([, label = '']) => label).filter((label) => label !== 'le')
    expect({ sample, names: names.toSorted((one, other) => (one < other ? -1 : 1)) }).toEqual({
      sample,
      names: expected,
    })
  }
  hub.close()
  await backend.stop()
})
