/**
 * One script's conversation, written down so that two servers' conversations can be compared: `>` sent, `<` received,
 * `=` answered to an HTTP request, `!` how it ended.
 */
export class Transcript {
  readonly lines: string[] = []
  readonly #names: readonly (readonly [string, string])[]
  readonly #clients: string[] = []
  readonly #epochs: string[] = []
  readonly #emulation = { session: '', node: '' }

  /** `names`: a value, and the placeholder that the transcript shows for it. */
  constructor(names: readonly (readonly [string, string])[]) {
    this.#names = names
  }

  /** The client id that was seen last. */
  get client(): string | undefined {
    return this.#clients.at(-1)
  }

  /** The session and the node that were seen last: where an emulated connection's commands go. */
  get emulation(): { session: string; node: string } {
    return this.#emulation
  }

  /** The epoch that was seen last. */
  get epoch(): string | undefined {
    return this.#epochs.at(-1)
  }

  add(mark: '>' | '<' | '=' | '!', text: string): void {
    this.lines.push(`${mark} ${this.#normalise(text)}`.trimEnd())
  }

  /** Ids, epochs, versions, times and tokens are each server's own: they get names. Everything else is verbatim. */
  #normalise(text: string): string {
    const normal = sortSubs(text)
      .replace(/eyJ[\w-]*\.[\w-]*\.[\w-]*/g, '<token>')
      .replace(/"(session|node)":"([^"]{8,})"/g, (_, name: 'session' | 'node', value: string) => {
        this.#emulation[name] = value
        return `"${name}":"<${name}>"`
      })
      .replace(/"time":\d{13}/g, '"time":<time>')
      .replace(
        /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g,
        (id) => `<client ${number(this.#clients, id)}>`,
      )
      .replace(/"epoch":"(\w+)"/g, (_, epoch: string) => `"epoch":"<epoch ${number(this.#epochs, epoch)}>"`)
      .replace(/("client":"<[^"]*","version":)"[^"]*"/g, '$1"<version>"')
      .replace(/"ttl":(\d+)/g, (_, ttl: string) => `"ttl":${roundTtl(Number(ttl))}`)
    const named = this.#names.reduce((line, [value, name]) => line.replaceAll(value, name), normal)
    return shorten(named.replaceAll('\n', '⏎'))
  }
}

/** Server-side subscriptions by the names of their channels: in Go a map has no order. */
function sortSubs(text: string): string {
  const match = /^(.*"subs":)(\{.*\})(,"(?:expires|ping)".*)$/.exec(text)
  if (!match || !text.includes('"client":')) return text
  const [, before = '', subs = '', after = ''] = match
  const entries = Object.entries(JSON.parse(subs) as object)
  return before + JSON.stringify(Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))) + after
}

function number(known: string[], value: string): number {
  if (!known.includes(value)) known.push(value)
  return known.indexOf(value) + 1
}

/** A token has lost a second or two of its life when it arrives. */
function roundTtl(ttl: number): string {
  if (ttl > 365 * 86_400) return '<over a year>'
  return ttl > 30 ? String(Math.round(ttl / 10) * 10) : '<short>'
}

function shorten(text: string): string {
  if (text.length <= 1000) return text
  return `${text.slice(0, 200)}<${text.length - 300} more>${text.slice(-100)}`
}
