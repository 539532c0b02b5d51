/** A unidirectional connection over server-sent events: the kind of connection that has a session key. */
export interface UniStream {
  /** The session key that the server told. */
  readonly session: string
  /** What came after the connect push, pings left out. */
  readonly pushes: unknown[]
  /** Resolves when the server has ended the stream. */
  readonly ended: Promise<void>
  close(): void
}

export async function openUniStream(httpUrl: string, token: string): Promise<UniStream> {
  const controller = new AbortController()
  const query = new URLSearchParams({ cf_connect: JSON.stringify({ token }) })
  const response = await fetch(`${httpUrl}/connection/uni_sse?${query.toString()}`, { signal: controller.signal })
  if (!response.ok || !response.body) throw new Error(`uni_sse answered HTTP ${response.status}`)
  const pushes: { connect?: { session?: string } }[] = []
  const body = response.body.pipeThrough(new TextDecoderStream())
  let connected = (): void => {}
  const isConnected = new Promise<void>((resolve) => (connected = resolve))
  const read = async (): Promise<void> => {
    let rest = ''
    for await (const chunk of body) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (!line.startsWith('data:') || line.slice(5).trim() === '{}') continue
        pushes.push(JSON.parse(line.slice(5)) as object)
        connected()
      }
    }
  }
  const ended = read().catch((error: unknown) => {
    if (!controller.signal.aborted) throw error
  })
  await Promise.race([isConnected, ended])
  const session = pushes.shift()?.connect?.session ?? ''
  return { session, pushes, ended, close: () => controller.abort() }
}
