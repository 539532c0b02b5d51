import { apiKey, channel, placeholder } from '../payload.ts'
import type { Call } from './peer.ts'

const headers = { 'X-API-Key': apiKey }

/** Centrifugo's `/api/publish`, which all peers serve. */
export function publishCall(payload: string): Call {
  return { path: '/api/publish', headers, body: `{"channel":"${channel}","data":${payload}}`, publications: 1 }
}

/** Centrifugo's `/api/batch`: several publications in one request. */
export function batchCall(payload: string, publications: number): Call {
  const command = `{"publish":{"channel":"${channel}","data":${payload}}}`
  return {
    path: '/api/batch',
    headers,
    body: `{"commands":[${Array.from({ length: publications }, () => command).join(',')}]}`,
    publications,
  }
}

/** A request to the programs in `servers/`: publish so many in process, in one tick. */
export function burstCall(payload: string, publications: number): Call {
  return {
    path: '/bench/burst',
    headers,
    body: `{"channel":"${channel}","first":${placeholder},"count":${publications},"bytes":${payload.length}}`,
    publications,
  }
}
