/** The app's HTTP endpoints, asked as Centrifugo asks them. */
import {
  Disconnect,
  disconnect,
  isDisconnect,
  isReplyError,
  ReplyError,
  type ConnectRequest,
  type Payload,
  type SubscribeRequest,
} from '@backchannel/protocol'
import type { ChannelOptions, CheckedConfig } from '../config/config.ts'
import { defaultName, proxyNamed, type ProxyOptions, type RpcOptions } from '../config/proxies.ts'
import {
  expired,
  type ConnectDecision,
  type PublishDecision,
  type RenewDecision,
  type SubscribeDecision,
} from '../say/decisions.ts'
import type { Core } from '../core.ts'
import type { Deadlines } from '../say/deadlines.ts'
import type { Session } from '../session/session.ts'
import type { ServerSubscription } from '../tokens/tokens.ts'
import { payloadIn, readAnswer, subscriptionIn, type Answer, type ProxyEvent } from './answers.ts'
import { ask, UnexpectedStatus } from './ask.ts'
import { HeaderFilter, proxyHeaders, type KeptHeaders } from './headers.ts'
import { commonMembers, dataMember, encodeRequest, metaMember, type Member } from './requests.ts'

/** What of the hub is needed here. */
type ProxyCore = Pick<Core, 'config' | 'clock' | 'counters'>

export class Proxies {
  readonly #core: ProxyCore
  readonly #config: CheckedConfig
  readonly #deadlines: Deadlines
  readonly #headers: HeaderFilter

  constructor(core: ProxyCore, deadlines: Deadlines) {
    const { config } = core
    this.#core = core
    this.#config = config
    this.#deadlines = deadlines
    const { client, channel, rpc, proxies } = config
    this.#headers = new HeaderFilter([
      client.proxy.connect,
      client.proxy.refresh,
      ...Object.values(channel.proxy),
      rpc.proxy,
      ...proxies,
    ])
  }

  get connects(): boolean {
    return this.#config.client.proxy.connect.enabled
  }

  get refreshes(): boolean {
    return this.#config.client.proxy.refresh.enabled
  }

  /** Whether the app is asked about any remote call. */
  get rpcs(): boolean {
    const { without_namespace: without, namespaces } = this.#config.rpc
    return without.proxy_enabled || namespaces.some((namespace) => namespace.proxy_enabled)
  }

  headersToKeep(
    handshake: { readonly headers: Readonly<Record<string, string | undefined>> },
    emulated: ReadonlyMap<string, string>,
  ): KeptHeaders | undefined {
    return this.#headers.keep(handshake, emulated)
  }

  /** Undefined when the app has no opinion. */
  async connect(session: Session, request: ConnectRequest): Promise<ConnectDecision | undefined> {
    const proxy = this.#config.client.proxy.connect
    const { result, source } = await this.#ask('connect', proxy, session, [
      dataMember(proxy, request.data),
      ['name', request.name],
      ['version', request.version],
      ['channels', Array.from(request.subs.keys())],
    ])
    if (!result) return undefined
    const info = payloadIn(source, result.b64info, 'info')
    const data = payloadIn(source, result.b64data, 'data')
    const meta = payloadIn(source, '', 'meta')
    const { channel_limit: limit } = this.#config.client
    const subs = Object.entries(result.subs ?? {})
    // Before each of them is looked for in the text.
    if (limit > 0 && subs.length > limit) throw disconnect('channelLimit')
    const channels = new Map<string, ServerSubscription>()
    for (const channel of result.channels ?? []) channels.set(channel, {})
    for (const [channel, given] of subs) {
      channels.set(channel, given ? subscriptionIn(source, given, 'subs', channel) : {})
    }
    // Centrifugo takes it for nothing, too.
    channels.delete('')
    return {
      identity: {
        user: result.user,
        expireAt: result.expire_at,
        ...(info === undefined ? {} : { info }),
        ...(meta === undefined ? {} : { meta }),
      },
      channels,
      ...(data === undefined ? {} : { data }),
    }
  }

  async refresh(session: Session): Promise<RenewDecision> {
    const proxy = this.#config.client.proxy.refresh
    const members: Member[] = [['user', session.user], metaMember(proxy, session)]
    const { result, source } = await this.#askToRenew('refresh', proxy, session, members)
    if (!result || result.expired) return expired
    let info: Payload | undefined
    try {
      info = payloadIn(source, result.b64info, 'info')
    } catch {
      throw disconnect('serverError')
    }
    const meta = payloadIn(source, '', 'meta')
    return {
      expired: false,
      expireAt: result.expire_at,
      ...(info === undefined ? {} : { info }),
      ...(meta === undefined ? {} : { meta }),
    }
  }

  async subscribe(
    session: Session,
    { channel, token, data }: SubscribeRequest,
    options: ChannelOptions,
  ): Promise<SubscribeDecision> {
    const proxy = this.#named('subscribe', options)
    const { result, source } = await this.#ask('subscribe', proxy, session, [
      ['user', session.user],
      ['channel', channel],
      ['token', token],
      metaMember(proxy, session),
      dataMember(proxy, data),
    ])
    const subscription = result ? subscriptionIn(source, result) : {}
    return { ...subscription, expireAt: result?.expire_at ?? 0, heedsRequest: false }
  }

  async subRefresh(session: Session, channel: string, options: ChannelOptions): Promise<RenewDecision> {
    const proxy = this.#named('sub_refresh', options)
    const { result, source } = await this.#askToRenew('sub_refresh', proxy, session, [
      ['user', session.user],
      ['channel', channel],
      metaMember(proxy, session),
    ])
    if (!result || result.expired) return expired
    const info = payloadIn(source, result.b64info, 'info')
    return { expired: false, expireAt: result.expire_at, ...(info === undefined ? {} : { info }) }
  }

  async publish(
    session: Session,
    channel: string,
    clientData: Payload,
    options: ChannelOptions,
  ): Promise<PublishDecision> {
    const proxy = this.#named('publish', options)
    const { result, source } = await this.#ask('publish', proxy, session, [
      ['user', session.user],
      ['channel', channel],
      dataMember(proxy, clientData),
      metaMember(proxy, session),
    ])
    if (!result) return {}
    // Here, unlike elsewhere, JSON goes before base64.
    const data =
      payloadIn(source, '', 'data') ?? (result.b64data === '' ? undefined : payloadIn(source, result.b64data, 'data'))
    return {
      ...(data === undefined ? {} : { data }),
      ...(result.tags ? { tags: result.tags } : {}),
      skipHistory: result.skip_history,
      idempotencyKey: result.idempotency_key,
      delta: result.delta,
      version: result.version,
      versionEpoch: result.version_epoch,
    }
  }

  async rpc(session: Session, method: string, data: Payload, options: RpcOptions): Promise<Payload | undefined> {
    const { rpc } = this.#config
    const proxy = proxyNamed(this.#config, rpc.proxy, options.proxy_name) ?? rpc.proxy
    const { result, source } = await this.#ask('rpc', proxy, session, [
      ['user', session.user],
      ['method', method],
      dataMember(proxy, data),
      metaMember(proxy, session),
    ])
    return result && payloadIn(source, result.b64data, 'data')
  }

  /** The options of a method's namespace; undefined when there is no such namespace. */
  rpcOptions(method: string): RpcOptions | undefined {
    const { namespaces, namespace_boundary: boundary, without_namespace: without } = this.#config.rpc
    const end = boundary === '' ? -1 : method.indexOf(boundary)
    if (end <= 0) return without
    const namespace = method.slice(0, end)
    return namespaces.find(({ name }) => name === namespace)
  }

  #named(event: 'subscribe' | 'publish' | 'sub_refresh', options: ChannelOptions): ProxyOptions {
    const own = this.#config.channel.proxy[event]
    return proxyNamed(this.#config, own, options[`${event}_proxy_name`]) ?? own
  }

  /** An error or a disconnect is no renewal, whatever it says. */
  async #askToRenew<E extends 'refresh' | 'sub_refresh'>(
    event: E,
    proxy: ProxyOptions,
    session: Session,
    members: readonly Member[],
  ): Promise<Answer<E>> {
    try {
      return await this.#ask(event, proxy, session, members)
    } catch (error) {
      if (isDisconnect(error) || isReplyError(error)) return { result: undefined, source: '' }
      throw error
    }
  }

  async #ask<E extends ProxyEvent>(
    event: E,
    proxy: ProxyOptions,
    session: Session,
    members: readonly Member[],
  ): Promise<Answer<E>> {
    const body = encodeRequest([...commonMembers(session, proxy), ...members])
    const { clock, counters } = this.#core
    const labels = [event, 'name' in proxy && typeof proxy.name === 'string' ? proxy.name : defaultName] as const
    const startedAt = clock.monotonic()
    counters.proxyInflight.add(1, ...labels)
    let answer: string
    try {
      answer = await ask(this.#deadlines, proxy, proxyHeaders(proxy, session.keptHeaders), body)
    } catch (error) {
      counters.proxyErrors.add(1, ...labels)
      throw error instanceof UnexpectedStatus ? transformed(proxy, error) : error
    } finally {
      counters.proxyInflight.add(-1, ...labels)
      counters.proxyCalls.add(clock.monotonic() - startedAt, ...labels)
    }
    return readAnswer(event, answer)
  }
}

/** What the configuration says that a status means; a failure when it says nothing. */
function transformed(proxy: ProxyOptions, failure: UnexpectedStatus): Error {
  const found = proxy.http.status_to_code_transforms.find(({ status_code: status }) => status === failure.status)
  if (!found) return failure
  const { to_error: error, to_disconnect: closing } = found
  if (error.code > 0) return new ReplyError(error.code, error.message, error.temporary)
  return new Disconnect(closing.code, closing.reason)
}
