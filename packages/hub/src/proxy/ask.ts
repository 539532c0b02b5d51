import type { ProxyOptions } from '../config/proxies.ts'
import type { Deadlines } from '../say/deadlines.ts'

/** The app has not answered, or not with what an answer looks like: asking again may help. */
export class ProxyFailure extends Error {
  override readonly name = 'ProxyFailure'
}

/** The app has answered with another status than 200. */
export class UnexpectedStatus extends ProxyFailure {
  readonly status: number

  constructor(status: number) {
    super(`The app answered with status ${status}`)
    this.status = status
  }
}

/** Centrifugo has no limit; what a client is sent is bounded by `client.queue_max_size` anyway. */
const maxAnswerBytes = 4 * 1024 * 1024

/**
 * Posts JSON to the app. Redirects are not followed: where a proxy asks is the configuration's to say.
 * @returns the answer's body
 * @throws ProxyFailure
 */
export async function ask(deadlines: Deadlines, proxy: ProxyOptions, headers: Headers, body: string): Promise<string> {
  const { timeout } = proxy
  const aborting = new AbortController()
  const cancel = deadlines.set(timeout, () => aborting.abort(new Error(`No answer within ${timeout} ms`)))
  try {
    const { url, authorization } = targetOf(proxy.endpoint)
    if (authorization !== undefined && !headers.has('authorization')) headers.set('authorization', authorization)
    const request = { method: 'POST', headers, body, redirect: 'manual', signal: aborting.signal } as const
    const response = await fetch(url, request)
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new UnexpectedStatus(response.status)
    }
    return await readText(response)
  } catch (error) {
    if (error instanceof ProxyFailure) throw error
    throw new ProxyFailure(error instanceof Error ? error.message : String(error), { cause: error })
  } finally {
    cancel()
  }
}

/** `fetch` takes no URL with a name and a password in it. */
function targetOf(endpoint: string): { url: URL; authorization?: string } {
  const url = new URL(endpoint)
  if (url.username === '' && url.password === '') return { url }
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  url.username = ''
  url.password = ''
  return { url, authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  // Leaving the loop ends the transfer.
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength
    if (length > maxAnswerBytes) throw new ProxyFailure(`The app answered with more than ${maxAnswerBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
