const patience = 10_000

/** Waits until the condition holds and gives what it gave. Fails with the description after ten seconds. */
export async function waitFor<Value>(description: string, condition: () => Value | undefined | false | null): Promise<Value> {
  const deadline = Date.now() + patience
  for (;;) {
    const value = condition()
    if (value !== undefined && value !== false && value !== null) return value
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${description}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
