import { replyError } from '@backchannel/protocol'
import type { ChannelOptions, CheckedChannelRules, CheckedConfig } from './config.ts'

const privatePrefix = '$'
const namespaceBoundary = ':'
const userBoundary = '#'
const userSeparator = ','

/** What a channel's name says of it. */
export interface ChannelName {
  readonly name: string
  /** What stands behind the namespace. */
  readonly rest: string
  readonly options: ChannelOptions
  /** Begins with `$`: only with a token. */
  readonly isPrivate: boolean
}

/** From a channel's name to the options that apply. Replaceable while the hub runs: nobody keeps what it answers. */
export class Namespaces {
  readonly #maxLength: number
  readonly #dataFormat: ChannelOptions['publication_data_format']
  #withoutNamespace: ChannelOptions
  #byName: ReadonlyMap<string, ChannelOptions>

  constructor(config: CheckedConfig['channel']) {
    this.#maxLength = config.max_length
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
    return { ...options, publication_data_format: options.publication_data_format || this.#dataFormat }
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
    const isPrivate = channel.startsWith(privatePrefix)
    const start = isPrivate ? privatePrefix.length : 0
    const boundary = channel.indexOf(namespaceBoundary, start)
    if (boundary <= start) return { name: channel, rest: channel, options: this.#withoutNamespace, isPrivate }
    const options = this.#byName.get(channel.slice(start, boundary))
    return options && { name: channel, rest: channel.slice(boundary + 1), options, isPrivate }
  }
}

/** `name#42` or `name#42,43`: only these users. */
export function isUserLimited(channel: string): boolean {
  return channel.includes(userBoundary)
}

export function isUserAllowed(channel: string, user: string): boolean {
  return (
    user !== '' &&
    channel
      .slice(channel.lastIndexOf(userBoundary) + 1)
      .split(userSeparator)
      .includes(user)
  )
}

/** By its namespace's `channel_regex`; without one, that it is ASCII. */
export function isWellNamed({ name, rest, options }: ChannelName): boolean {
  return options.channel_regex ? options.channel_regex.matches(rest) : isAscii(name)
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 127) return false
  return true
}
