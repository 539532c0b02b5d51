import { vi } from 'vitest'
import { setRealtimeLogger } from '../log.ts'

const variables = [
  'CENTRIFUGO_TOKEN_HMAC_SECRET',
  'CENTRIFUGO_API_KEY',
  'CENTRIFUGO_API_URL',
  'CENTRIFUGO_WS_URL',
] as const

export type Environment = Partial<Record<(typeof variables)[number], string>>

/** Exactly these of Centrifugo's variables, whatever the machine has set. */
export function setEnvironment(environment: Environment = {}): void {
  for (const name of variables) vi.stubEnv(name, environment[name])
}

export interface LogLine {
  fields: Record<string, unknown>
  message: string
}

/** A fresh log state with a logger that keeps what it is told. */
export function recordLog(): LogLine[] {
  Reflect.deleteProperty(globalThis, Symbol.for('backchannel.realtime-log@1'))
  const lines: LogLine[] = []
  setRealtimeLogger({ warn: (fields, message) => lines.push({ fields: { ...fields }, message }) })
  return lines
}
