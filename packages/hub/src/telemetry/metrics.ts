/**
 * Metrics for Prometheus under Centrifugo's own names, so that its dashboards and alerts fit. Loaded when they are first
 * asked for: an app that never does so never loads the library. docs/operations.md lists them.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Core } from '../core.ts'
import type { Durations, Tally } from './counters.ts'
import { hubVersion } from '../version.ts'

export interface HubMetrics {
  readonly contentType: string
  /** Prometheus' text format. */
  readonly body: string
}

type Labels = readonly string[]
type LabelValues = Readonly<Record<string, string>>

/** Namespaces are not told apart, as Centrifugo does by default; the label is there for queries that name it. */
const anyNamespace: LabelValues = { channel_namespace: '' }
/** Names and versions that clients give themselves are not told apart: anybody could make up more of them. */
const anyClient: LabelValues = { client_name: 'unregistered', client_version: 'unversioned' }

/** What is counted, at this moment. */
export async function readMetrics(core: Core): Promise<HubMetrics> {
  const registry = new Registry()
  describeNode(core, registry)
  describeClients(core, registry)
  describeTransports(core, registry)
  describeCalls(core, registry)
  return { contentType: registry.contentType, body: await registry.metrics() }
}

function describeNode({ counters, registry: found }: Core, registry: Registry): void {
  const { subscriptions } = aliveIn(found.sessions)
  gauge(registry, 'centrifugo_node_build', 'Version of the hub.', [[{ version: hubVersion }, 1]])
  gauge(registry, 'centrifugo_node_num_nodes', 'Number of nodes.', [[{}, 1]])
  gauge(registry, 'centrifugo_node_num_clients', 'Number of clients connected.', [[{}, found.sessionCount]])
  gauge(registry, 'centrifugo_node_num_users', 'Number of unique users connected.', [[{}, found.userCount]])
  gauge(registry, 'centrifugo_node_num_subscriptions', 'Number of subscriptions.', [[{}, subscriptions]])
  gauge(registry, 'centrifugo_node_num_channels', 'Number of channels with a subscriber.', [[{}, found.channelCount]])
  counter(registry, 'centrifugo_node_client_connection_limit', 'Connections refused because of the limit.', [
    [{}, counters.refusedByLimit],
  ])
  tally(
    registry,
    'centrifugo_node_action_count',
    'What was done, by action.',
    counters.actions,
    ['action'],
    anyNamespace,
  )
  tally(
    registry,
    'centrifugo_node_messages_sent_count',
    'Messages handed to the broker.',
    counters.toBroker,
    ['type'],
    anyNamespace,
  )
  tally(
    registry,
    'centrifugo_node_messages_received_count',
    'Messages that came from the broker.',
    counters.fromBroker,
    ['type'],
    anyNamespace,
  )
}

function describeClients({ counters, registry: found }: Core, registry: Registry): void {
  const { transports, subscriptions } = aliveIn(found.sessions)
  const onTransport = { accept_protocol: '', ...anyClient }
  gauge(
    registry,
    'centrifugo_client_connections_inflight',
    'Connections that are open.',
    Array.from(transports, ([transport, count]) => [{ transport, ...onTransport }, count] as const),
    ['transport', ...Object.keys(onTransport)],
  )
  gauge(registry, 'centrifugo_client_subscriptions_inflight', 'Subscriptions that stand.', [
    [{ client_name: anyClient['client_name'] ?? '', ...anyNamespace }, subscriptions],
  ])
  tally(
    registry,
    'centrifugo_client_connections_accepted',
    'Connections that were accepted.',
    counters.accepted,
    ['transport'],
    onTransport,
  )
  histogram(
    registry,
    'centrifugo_client_command_duration_seconds_histogram',
    'How long commands took.',
    counters.commands,
    ['method'],
    anyNamespace,
  )
  tally(
    registry,
    'centrifugo_client_num_reply_errors',
    'Errors in replies.',
    counters.replyErrors,
    ['method', 'code'],
    anyNamespace,
  )
  tally(registry, 'centrifugo_client_num_server_disconnects', 'Disconnects by the server.', counters.disconnects, [
    'code',
  ])
  tally(
    registry,
    'centrifugo_client_recover',
    'Recoveries of subscriptions.',
    counters.recoveries,
    ['recovered', 'has_recovered_publications'],
    anyNamespace,
  )
}

function describeTransports({ counters, flusher }: Core, registry: Registry): void {
  const labels = ['frame_type', 'transport']
  const { received, receivedBytes, sent } = counters
  const prefix = 'centrifugo_transport_messages'
  tally(registry, `${prefix}_received`, 'Commands that clients sent.', received, labels, anyNamespace)
  tally(registry, `${prefix}_received_size`, 'Their bytes, without framing.', receivedBytes, labels, anyNamespace)
  const deliveries = flusher.deliveries.entries.map(
    ({ labels: [key = ''], count }) =>
      [{ frame_type: 'push_publication', transport: transportOf(key), ...anyNamespace }, count] as const,
  )
  const others = samplesIn(sent, labels, anyNamespace)
  counter(
    registry,
    `${prefix}_sent`,
    'Replies and pushes that clients were sent.',
    [...others, ...deliveries],
    [...labels, 'channel_namespace'],
  )
}

function describeCalls({ counters }: Core, registry: Registry): void {
  const overHttp = { protocol: 'http' }
  const api = 'centrifugo_api_command'
  histogram(
    registry,
    `${api}_duration_seconds_histogram`,
    'How long API calls took.',
    counters.apiCalls,
    ['method'],
    overHttp,
  )
  tally(registry, `${api}_errors_total`, 'Errors of API calls.', counters.apiErrors, ['method', 'error'], overHttp)
  const proxy = 'centrifugo_proxy'
  const labels = ['type', 'name']
  const { proxyCalls, proxyErrors, proxyInflight } = counters
  histogram(registry, `${proxy}_duration_seconds_histogram`, 'How long proxies took.', proxyCalls, labels, overHttp)
  tally(registry, `${proxy}_errors`, 'Calls of proxies that failed.', proxyErrors, labels, overHttp)
  const inflight = samplesIn(proxyInflight, labels, overHttp)
  gauge(registry, `${proxy}_inflight_requests`, 'Calls of proxies under way.', inflight, [...labels, 'protocol'])
}

/** What every session knows of itself, counted when it is asked for. */
function aliveIn(sessions: Core['registry']['sessions']): { transports: Map<string, number>; subscriptions: number } {
  const transports = new Map<string, number>()
  let subscriptions = 0
  for (const { state, transport, subscriptions: own } of sessions) {
    subscriptions += own.size
    if (state === 'connected') transports.set(transport, (transports.get(transport) ?? 0) + 1)
  }
  return { transports, subscriptions }
}

const transports: ReadonlyMap<string, string> = new Map([
  ['ws', 'websocket'],
  ['stream', 'http_stream'],
  ['sse', 'sse'],
])

/** Of a variant, by its key: `json+delta/ws-deflate`. */
function transportOf(key: string): string {
  const [codec = '', framing = ''] = key.split('/')
  const transport = transports.get(framing.split('-')[0] ?? '') ?? framing
  return codec.startsWith('uni-') ? `uni_${transport}` : transport
}

function named(names: Labels, values: Labels): LabelValues {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))
}

type Samples = readonly (readonly [LabelValues, number])[]

function gauge(registry: Registry, name: string, help: string, samples: Samples, labelNames = namesIn(samples)): void {
  const metric = new Gauge({ name, help, labelNames, registers: [registry] })
  for (const [labels, value] of samples) metric.inc(labels, value)
}

function counter(
  registry: Registry,
  name: string,
  help: string,
  samples: Samples,
  labelNames = namesIn(samples),
): void {
  const metric = new Counter({ name, help, labelNames, registers: [registry] })
  for (const [labels, value] of samples) metric.inc(labels, value)
}

function namesIn(samples: Samples): string[] {
  return Object.keys(samples[0]?.[0] ?? {})
}

function samplesIn({ entries }: Tally, labels: Labels, fixed: LabelValues): Samples {
  return entries.map(({ labels: values, count }) => [{ ...named(labels, values), ...fixed }, count] as const)
}

function tally(
  registry: Registry,
  name: string,
  help: string,
  counts: Tally,
  labels: Labels,
  fixed: LabelValues = {},
): void {
  // Named even where there are no counts: without labels the library says 0.
  counter(registry, name, help, samplesIn(counts, labels, fixed), [...labels, ...Object.keys(fixed)])
}

/** The library can only observe one value after the other; these are counted already. */
function histogram(
  registry: Registry,
  name: string,
  help: string,
  { bounds, entries }: Durations,
  labels: Labels,
  fixed: LabelValues,
): void {
  const values = entries.flatMap(({ labels: own, sum, count, within }) => {
    const base = { ...named(labels, own), ...fixed }
    const buckets = [...bounds.map((bound, index) => [bound, within[index] ?? 0] as const), ['+Inf', count] as const]
    return [
      ...buckets.map(([le, value]) => ({ labels: { ...base, le: String(le) }, value, metricName: `${name}_bucket` })),
      { labels: base, value: sum, metricName: `${name}_sum` },
      { labels: base, value: count, metricName: `${name}_count` },
    ]
  })
  const metric = new Histogram({ name, help, buckets: [...bounds], labelNames: [...labels], registers: [registry] })
  const read = (): Promise<object> => Promise.resolve({ name, help, type: 'histogram', values, aggregator: 'sum' })
  Object.assign(metric, { get: read, getForPromString: read })
}
