const patience = 10_000

type Awaitable<Value> = Value | Promise<Value>

/** Waits until the condition holds and gives what it gave. Fails with the description after ten seconds. */
export async function waitFor<Value>(
  description: string,
  condition: () => Awaitable<Value | undefined | false>,
): Promise<Value> {
  const deadline = Date.now() + patience
  for (;;) {
    const value = await condition()
    if (value !== undefined && value !== false) return value
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${description}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
