import { replyError } from '@backchannel/protocol'
import type { ChannelOptions, CheckedChannelRules, CheckedConfig } from './config.ts'

/** What a channel's name says of it. */
export interface ChannelName {
  readonly name: string
  /** What stands behind the namespace. */
  readonly rest: string
  readonly options: ChannelOptions
  /** Begins with `channel.private_prefix`: only with a token. */
  readonly isPrivate: boolean
}

/** From a channel's name to the options that apply. Replaceable while the hub runs: nobody keeps what it answers. */
export class Namespaces {
  readonly #maxLength: number
  readonly #privatePrefix: string
  readonly #boundary: string
  readonly #userBoundary: string
  readonly #userSeparator: string
  readonly #insecure: boolean
  readonly #dataFormat: ChannelOptions['publication_data_format']
  #withoutNamespace: ChannelOptions
  #byName: ReadonlyMap<string, ChannelOptions>

  /** @param insecure whether anybody may do whatever a channel offers: `client.insecure` */
  constructor(config: CheckedConfig['channel'], insecure = false) {
    this.#maxLength = config.max_length
    this.#privatePrefix = config.private_prefix
    this.#boundary = config.namespace_boundary
    this.#userBoundary = config.user_boundary
    this.#userSeparator = config.user_separator
    this.#insecure = insecure
    this.#dataFormat = config.publication_data_format
    this.#withoutNamespace = this.#complete(config.without_namespace)
    this.#byName = this.#byNameOf(config)
  }

  replace(rules: CheckedChannelRules): void {
    this.#withoutNamespace = this.#complete(rules.without_namespace)
    this.#byName = this.#byNameOf(rules)
  }

  #byNameOf({ namespaces }: CheckedChannelRules): Map<string, ChannelOptions> {
    return new Map(namespaces.map(({ name, ...options }) => [name, this.#complete(options)]))
  }

  /** What a namespace leaves to all of them. */
  #complete(options: ChannelOptions): ChannelOptions {
    const format = options.publication_data_format || this.#dataFormat
    return { ...options, ...(this.#insecure ? everythingAllowed : {}), publication_data_format: format }
  }

  /** Whether the name is longer than `channel.max_length` bytes. */
  isTooLong(channel: string): boolean {
    // A UTF-16 unit is at most three bytes, so most names need no counting.
    return channel.length * 3 > this.#maxLength && Buffer.byteLength(channel) > this.#maxLength
  }

  /** @throws ReplyError 102 when the namespace is not configured, 107 when the name is not as its options want it */
  resolve(channel: string): ChannelName {
    const found = this.find(channel)
    if (!found) throw replyError('unknownChannel')
    if (!isWellNamed(found)) throw replyError('badRequest')
    return found
  }

  /** The same without an error: undefined for a namespace that is not configured. */
  find(channel: string): ChannelName | undefined {
    const options = this.optionsOf(channel)
    if (!options) return undefined
    const boundary = this.#boundaryIn(channel)
    const rest = boundary < 0 ? channel : channel.slice(boundary + this.#boundary.length)
    return { name: channel, rest, options, isPrivate: this.#isPrivate(channel) }
  }

  /** The options alone, which is what every publish asks for; undefined for a namespace that is not configured. */
  optionsOf(channel: string): ChannelOptions | undefined {
    const boundary = this.#boundaryIn(channel)
    if (boundary < 0) return this.#withoutNamespace
    return this.#byName.get(channel.slice(this.#isPrivate(channel) ? this.#privatePrefix.length : 0, boundary))
  }

  #isPrivate(channel: string): boolean {
    return this.#privatePrefix !== '' && channel.startsWith(this.#privatePrefix)
  }

  /** Where the namespace ends; -1 for a name without one. */
  #boundaryIn(channel: string): number {
    if (this.#boundary === '') return -1
    const start = this.#isPrivate(channel) ? this.#privatePrefix.length : 0
    const boundary = channel.indexOf(this.#boundary, start)
    return boundary <= start ? -1 : boundary
  }

  /** `name#42` or `name#42,43`: only these users. */
  isUserLimited(channel: string): boolean {
    return this.#userBoundary !== '' && channel.includes(this.#userBoundary)
  }

  /** Of a channel for some users: whether this is one of them. */
  isUserAllowed(channel: string, user: string): boolean {
    if (user === '') return false
    const users = channel.slice(channel.lastIndexOf(this.#userBoundary) + this.#userBoundary.length)
    return this.#userSeparator === '' ? users === user : users.split(this.#userSeparator).includes(user)
  }
}

/** Private channels still need a token, and nothing is offered that a namespace has not. */
const everythingAllowed = {
  allow_subscribe_for_client: true,
  allow_subscribe_for_anonymous: true,
  allow_publish_for_client: true,
  allow_publish_for_anonymous: true,
  allow_history_for_client: true,
  allow_history_for_anonymous: true,
  allow_presence_for_client: true,
  allow_presence_for_anonymous: true,
  allow_user_limited_channels: false,
} as const satisfies Partial<ChannelOptions>

/** By its namespace's `channel_regex`; without one, that it is ASCII. */
export function isWellNamed({ name, rest, options }: ChannelName): boolean {
  return options.channel_regex ? options.channel_regex.matches(rest) : isAscii(name)
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 127) return false
  return true
}
