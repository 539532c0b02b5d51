import { apiKey, channel, placeholder, subscriberPlaceholder } from '../payload.ts'
import type { Call, RunningPeer } from './peer.ts'

const headers = { 'X-API-Key': apiKey }

const channelOf = (subscriber: number): string => `${channel}${String(subscriber).padStart(6, '0')}`

/** Centrifugo's `/api/publish`, which all peers serve. */
export function publishCall(payload: string, to = channel): Call {
  return { path: '/api/publish', headers, body: `{"channel":"${to}","data":${payload}}`, publications: 1 }
}

/** The same to one subscriber's own channel, each time the next one's. */
export function spreadCall(payload: string): Call {
  return publishCall(payload, `${channel}${subscriberPlaceholder}`)
}

/** Centrifugo's `/api/broadcast`: one publication to so many subscribers' own channels, from the given one on. */
export function broadcastCall(payload: string, channels: number, first = 0): Call {
  const names = Array.from({ length: channels }, (_, index) => `"${channelOf(first + index)}"`)
  return {
    path: '/api/broadcast',
    headers,
    body: `{"channels":[${names.join(',')}],"data":${payload}}`,
    publications: 1,
  }
}

/** Centrifugo's `/api/batch`: data of its own to each subscriber's channel, from the given one on. */
export function eachCall(datas: readonly string[], first: number): Call {
  const commands = datas.map((data, index) => `{"publish":{"channel":"${channelOf(first + index)}","data":${data}}}`)
  return { path: '/api/batch', headers, body: `{"commands":[${commands.join(',')}]}`, publications: datas.length }
}

/** Several publications at once, as the peer does it best. */
export function burstCall({ bursts }: RunningPeer, payload: string, publications: number): Call {
  return bursts === 'batch' ? batchCall(payload, publications) : inProcessCall(payload, publications)
}

/** Centrifugo's `/api/batch`. */
function batchCall(payload: string, publications: number): Call {
  const command = `{"publish":{"channel":"${channel}","data":${payload}}}`
  return {
    path: '/api/batch',
    headers,
    body: `{"commands":[${Array.from({ length: publications }, () => command).join(',')}]}`,
    publications,
  }
}

/** A request to the programs in `servers/` and to the floor: publish so many in process, in one tick. */
function inProcessCall(payload: string, publications: number): Call {
  return {
    path: '/bench/burst',
    headers,
    body: `{"channel":"${channel}","first":${placeholder},"count":${publications},"bytes":${payload.length}}`,
    publications,
  }
}
