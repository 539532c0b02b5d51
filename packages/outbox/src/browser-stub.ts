/**
 * What `@backchannel/outbox` is in a browser: the same names and types, without the server. Types only are taken from the
 * server's side, so nothing of it can reach a client bundle.
 */
import type * as server from './index.ts'

export type * from './index.ts'

// A function declaration, so that `new` throws the same sentence as a call.
function serverOnly(): never {
  throw new Error('@backchannel/outbox is server-only. Call it in a server function or a route.')
}

export const broadcast: typeof server.broadcast = serverOnly
export const createOutbox: typeof server.createOutbox = serverOnly
export const createRelay: typeof server.createRelay = serverOnly
export const onCommit: typeof server.onCommit = serverOnly
export const outboxSchema: typeof server.outboxSchema = serverOnly
export const pgDatabase: typeof server.pgDatabase = serverOnly
export const pgliteDatabase: typeof server.pgliteDatabase = serverOnly
export const publish: typeof server.publish = serverOnly
export const transaction: typeof server.transaction = serverOnly
export const write: typeof server.write = serverOnly
