/** Centrifugo's flat configuration (v3 to v5) in v6's shape. */
import { setOption, type Tree } from '../load/tree.ts'
import { isRecord } from '../load/values.ts'
import { namedProxyNames, proxyChoices, proxyEvents, proxyNames, tlsNames, tlsSections } from './special-names.ts'
import { channelNames, removedNames, topNames } from './v5-names.ts'

export interface Converted {
  readonly config: Tree
  /** What was left out, with the reason. */
  readonly notes: readonly string[]
  /** What v5 doesn't have either. */
  readonly unknown: readonly string[]
}

export function convertV5(raw: Readonly<Record<string, unknown>>): Converted {
  const conversion = new Conversion(raw)
  conversion.run()
  return conversion
}

class Conversion implements Converted {
  readonly config: Tree = {}
  readonly notes: string[] = []
  readonly unknown: string[] = []
  /** What has not been converted yet. */
  readonly #left: Map<string, unknown>

  constructor(raw: Readonly<Record<string, unknown>>) {
    this.#left = new Map(Object.entries(raw).map(([name, value]) => [name.toLowerCase(), value]))
  }

  run(): void {
    this.#convertTls()
    this.#convertProxies()
    this.#convertLists()
    this.#convertBroker()
    for (const [name, value] of this.#left) {
      const path = topNames.get(name)
      const removed = removedNames.get(name)
      if (path !== undefined) this.#set(path, value)
      else if (removed !== undefined) this.#note(name, value, removed)
      else this.unknown.push(name)
    }
  }

  #set(path: string, value: unknown): void {
    setOption(this.config, path.split('.'), value)
  }

  #note(name: string, value: unknown, reason: string): void {
    if (value !== false && value !== '' && value !== 0) this.notes.push(`${name}: left out: ${reason}`)
  }

  #take(name: string): unknown {
    const value = this.#left.get(name)
    this.#left.delete(name)
    return value
  }

  /** A text that is empty says nothing, and Centrifugo reads it so. */
  #takeText(name: string): unknown {
    const value = this.#take(name)
    return value === '' ? undefined : value
  }

  #convertTls(): void {
    for (const [prefix, path] of tlsSections) {
      const enabled = this.#take(`${prefix}tls`)
      if (enabled !== undefined) this.#set(`${path}.enabled`, enabled)
      for (const [old, name] of tlsNames) {
        const value = this.#takeText(`${prefix}tls_${old}`)
        if (value !== undefined) this.#set(`${path}.${name}`, value)
      }
    }
    const hosts = this.#takeText('tls_autocert_host_whitelist')
    if (hosts !== undefined) {
      this.#set('http_server.tls_autocert.host_whitelist', typeof hosts === 'string' ? hosts.split(',') : hosts)
    }
  }

  #convertProxies(): void {
    const isGranular = this.#take('granular_proxy_mode') === true
    const common: [string, unknown][] = []
    for (const [old, path] of proxyNames) {
      const value = this.#takeText(`proxy_${old}`)
      if (value !== undefined) common.push([path, value])
    }
    for (const [event, path] of proxyEvents) {
      const endpoint = this.#takeText(`proxy_${event}_endpoint`)
      const timeout = this.#take(`proxy_${event}_timeout`)
      if (endpoint === undefined || isGranular) continue
      this.#switchOn(event, path)
      this.#set(`${path}.endpoint`, endpoint)
      if (timeout !== undefined) this.#set(`${path}.timeout`, timeout)
      for (const [name, value] of common) this.#set(`${path}.${name}`, value)
    }
    this.#convertNamedProxies()
  }

  /** In v5 an endpoint is the switch of these; the others are switched on by channels. */
  #switchOn(event: string, path: string): void {
    if (event === 'rpc') this.#set('rpc.without_namespace.proxy_enabled', true)
    else if (path.startsWith('client.')) this.#set(`${path}.enabled`, true)
  }

  #convertNamedProxies(): void {
    const proxies = this.#list('proxies').map((proxy, index) =>
      this.#renamed(proxy, namedProxyNames, `proxies[${index}]`),
    )
    if (proxies.length > 0) this.#set('proxies', proxies)
    for (const event of ['connect', 'refresh']) {
      const chosen = this.#takeText(`${event}_proxy_name`)
      if (chosen === undefined) continue
      const { name, ...proxy } = proxies.find((entry) => entry['name'] === chosen) ?? {}
      if (name === undefined) this.unknown.push(`${event}_proxy_name: no such proxy`)
      else this.#set(`client.proxy.${event}`, { enabled: true, ...proxy })
    }
    const rpc = this.#takeText('rpc_proxy_name')
    if (rpc !== undefined) this.#set('rpc.without_namespace', { proxy_enabled: true, proxy_name: rpc })
    this.#chooseProxies(this.#left, (path, value) => this.#set(`channel.without_namespace.${path}`, value))
  }

  /** Who names a proxy, switches it on. */
  #chooseProxies(options: Map<string, unknown>, set: (path: string, value: unknown) => void): void {
    for (const name of proxyChoices) {
      const chosen = options.get(name)
      options.delete(name)
      if (chosen === undefined || chosen === '') continue
      set(name.replace(/name$/, 'enabled'), true)
      set(name, chosen)
    }
  }

  #convertLists(): void {
    const namespaces = this.#list('namespaces').map((entry, index) => this.#namespace(entry, `namespaces[${index}]`))
    if (namespaces.length > 0) this.#set('channel.namespaces', namespaces)
    const rpc = this.#list('rpc_namespaces').map(({ name, rpc_proxy_name: proxy }) =>
      proxy === undefined || proxy === '' ? { name } : { name, proxy_enabled: true, proxy_name: proxy },
    )
    if (rpc.length > 0) this.#set('rpc.namespaces', rpc)
    const consumers = this.#list('consumers').map((entry) => this.#consumer(entry))
    if (consumers.length > 0) this.#set('consumers', consumers)
  }

  #namespace({ name, ...options }: Tree, place: string): Tree {
    const own = new Map(Object.entries(options))
    const namespace: Tree = { name }
    this.#chooseProxies(own, (path, value) => (namespace[path] = value))
    return Object.assign(namespace, this.#renamed(Object.fromEntries(own), channelNames, place))
  }

  /** v5 consumes unless told not to, v6 only when told to. */
  #consumer({ disabled, kafka, ...consumer }: Tree): Tree {
    const converted: Tree = { ...consumer, enabled: disabled !== true }
    if (!isRecord(kafka)) return converted
    const { partition_buffer_size: bufferSize, ...options } = kafka
    if (bufferSize !== undefined) this.#note('partition_buffer_size', bufferSize, 'v6 buffers in another way')
    return { ...converted, kafka: convertKafka(options) }
  }

  #renamed(options: Tree, names: ReadonlyMap<string, string>, place: string): Tree {
    const renamed: Tree = {}
    for (const [old, value] of Object.entries(options)) {
      const path = names.get(old)
      if (path === undefined) this.unknown.push(`${place}.${old}`)
      else setOption(renamed, path.split('.'), value)
    }
    return renamed
  }

  #convertBroker(): void {
    if (this.#left.get('broker') === '') this.#left.delete('broker')
    if (this.#left.has('broker')) this.#set('broker.enabled', true)
  }

  #list(name: string): Tree[] {
    const value = this.#take(name) ?? []
    if (Array.isArray(value) && value.every(isRecord)) return value
    this.unknown.push(`${name}: expected a list of objects`)
    return []
  }
}

/** TLS options stand flat beside the others in v5. */
function convertKafka({ tls, ...options }: Tree): Tree {
  const kafka: Tree = {}
  const flatTls: Tree = tls === undefined ? {} : { enabled: tls }
  for (const [name, value] of Object.entries(options)) {
    const tlsName = name.startsWith('tls_') ? tlsNames.get(name.slice(4)) : undefined
    if (tlsName === undefined) kafka[name] = value
    else flatTls[tlsName] = value
  }
  return Object.keys(flatTls).length === 0 ? kafka : { ...kafka, tls: flatTls }
}
