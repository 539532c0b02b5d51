import { RealtimeError } from './errors.ts'

/** JSON has no form for these, and `JSON.stringify` would leave the member out without a word. */
export function requireJson(method: string, data: unknown): void {
  if (data === undefined || typeof data === 'function' || typeof data === 'symbol') throw unserialisable(method)
}

/** @throws RealtimeError `unserialisable` */
export function serialise(method: string, request: unknown): string {
  try {
    return JSON.stringify(request)
  } catch {
    // The runtime's message names the data's own keys, over several lines; it stays here.
    throw unserialisable(method)
  }
}

function unserialisable(method: string): RealtimeError {
  return new RealtimeError('unserialisable', `${method}: the data has no JSON form`)
}
