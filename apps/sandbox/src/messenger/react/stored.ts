/** What this browser keeps for the messenger. Storage can be closed to us; it then lasts as long as the page. */
const kept = new Map<string, string>()

export function readStored(key: string): string | undefined {
  const inMemory = kept.get(key)
  if (inMemory !== undefined) return inMemory
  try {
    return localStorage.getItem(key) ?? undefined
  } catch {
    return undefined
  }
}

export function writeStored(key: string, value: string): void {
  try {
    if (value === '') localStorage.removeItem(key)
    else localStorage.setItem(key, value)
    kept.delete(key)
  } catch {
    kept.set(key, value)
  }
}
