/** What the app's endpoints are asked: Centrifugo's shapes, with a client's data as it was written. */
import type { Payload } from '@backchannel/protocol'
import type { ProxyOptions } from '../config/proxies.ts'
import type { Session } from '../session/session.ts'

/** JSON that goes into a request as it is. */
class Raw {
  readonly json: string

  constructor(json: string) {
    this.json = json
  }
}

/** A member of a request; empty ones are left out. */
export type Member = readonly [name: string, value: string | readonly string[] | Raw | undefined]

/** What every request begins with. */
export function commonMembers({ client, transport, protocol }: Session, proxy: ProxyOptions): Member[] {
  return [
    ['client', client],
    ['transport', transport],
    ['protocol', protocol],
    ['encoding', proxy.binary_encoding ? 'binary' : 'json'],
  ]
}

/** Data of a client, as JSON or as base64. @throws TypeError for data that is no JSON and would have to be */
export function dataMember(proxy: ProxyOptions, data: Payload | undefined): Member {
  if (data === undefined || data.length === 0) return ['data', undefined]
  if (proxy.binary_encoding) return ['b64data', Buffer.from(data).toString('base64')]
  if (typeof data !== 'string') throw new TypeError('Data that is no JSON needs a proxy with binary_encoding')
  return ['data', new Raw(data)]
}

export function metaMember(proxy: ProxyOptions, { meta }: Session): Member {
  return ['meta', proxy.include_connection_meta && typeof meta === 'string' ? new Raw(meta) : undefined]
}

export function encodeRequest(members: readonly Member[]): string {
  const texts = members.flatMap(([name, value]) => {
    if (value === undefined) return []
    if (value instanceof Raw) return [`"${name}":${value.json}`]
    // Anonymous is a user like others: that there is none is told by the empty name.
    if (value.length === 0 && name !== 'user') return []
    return [`"${name}":${JSON.stringify(value)}`]
  })
  return `{${texts.join(',')}}`
}
