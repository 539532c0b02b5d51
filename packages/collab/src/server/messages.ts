/** y-websocket's messages: a type, then what belongs to it. Encoding and decoding are lib0's, as in every client. */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { writePermissionDenied } from 'y-protocols/auth'
import { messageYjsSyncStep1, messageYjsSyncStep2, messageYjsUpdate } from 'y-protocols/sync'

const types = { sync: 0, awareness: 1, auth: 2, queryAwareness: 3 } as const

export type Message =
  /** The sender has the document as far as this state vector says, and wants the rest. */
  | { readonly type: 'ask'; readonly stateVector: Uint8Array }
  /** A part of the document: the rest that was asked for, or what was typed just now. */
  | { readonly type: 'update'; readonly update: Uint8Array }
  | { readonly type: 'awareness'; readonly update: Uint8Array }
  | { readonly type: 'query-awareness' }

/** @throws Error when it is no message */
export function readMessage(bytes: Uint8Array): Message {
  const decoder = decoding.createDecoder(bytes)
  switch (decoding.readVarUint(decoder)) {
    case types.sync: {
      const kind = decoding.readVarUint(decoder)
      const content = decoding.readVarUint8Array(decoder)
      if (kind === messageYjsSyncStep1) return { type: 'ask', stateVector: content }
      if (kind === messageYjsSyncStep2 || kind === messageYjsUpdate) return { type: 'update', update: content }
      throw new Error(`Unknown kind of sync message: ${kind}`)
    }
    case types.awareness:
      return { type: 'awareness', update: decoding.readVarUint8Array(decoder) }
    case types.queryAwareness:
      return { type: 'query-awareness' }
    default:
      throw new Error('Unknown type of message')
  }
}

/** Asks for what this state vector lacks. */
export function askMessage(stateVector: Uint8Array): Uint8Array {
  return syncMessage(messageYjsSyncStep1, stateVector)
}

/** The rest that was asked for: with it the client is synced. */
export function answerMessage(update: Uint8Array): Uint8Array {
  return syncMessage(messageYjsSyncStep2, update)
}

export function updateMessage(update: Uint8Array): Uint8Array {
  return syncMessage(messageYjsUpdate, update)
}

export function awarenessMessage(update: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, types.awareness)
    encoding.writeVarUint8Array(encoder, update)
  })
}

/** Of nobody: a sign of life, without which a client takes a silent server for dead after 30 s. */
export const signOfLife = awarenessMessage(Uint8Array.of(0))

export function deniedMessage(reason: string): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, types.auth)
    writePermissionDenied(encoder, reason)
  })
}

function syncMessage(kind: number, content: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, types.sync)
    encoding.writeVarUint(encoder, kind)
    encoding.writeVarUint8Array(encoder, content)
  })
}
