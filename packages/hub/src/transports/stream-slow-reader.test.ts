// A peer that does not read its stream: bounded memory, whole messages, then the reason, then the end; nobody else.
import { afterEach, expect, test } from 'vitest'
import { poll } from '../testing/poll.ts'
import { serveHub, type ServedHub } from '../testing/served-hub.ts'
import { StreamClient } from '../testing/stream-client.ts'

const queueLimit = 256 * 1024
const chunk = 'x'.repeat(16 * 1024)

let served: ServedHub
const clients: StreamClient[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.abort()
  await served.close()
})

async function serve(queue_max_size = queueLimit): Promise<void> {
  const enabled = { enabled: true }
  served = await serveHub({
    config: {
      client: { queue_max_size, token: { hmac_secret_key: 'test-token-key' } },
      http_stream: enabled,
      sse: enabled,
      uni_sse: enabled,
    },
  })
}

async function listening(path: string, user: string): Promise<StreamClient> {
  const request = { token: served.token(user, { channels: ['open:a'] }) }
  const body = JSON.stringify(path.includes('uni') ? request : { id: 1, connect: request })
  const client = new StreamClient(served.origin + path, { body })
  clients.push(client)
  await poll(() => client.messages.length).toBe(1)
  return client
}

/** The numbers of the publications that came. */
function numbers(client: StreamClient): number[] {
  return client.messages.flatMap((message) => {
    const push = (message['push'] ?? message) as { pub?: { data: { n: number } } }
    return push.pub ? [push.pub.data.n] : []
  })
}

/** Publishes until the hub has let a session go; gives how many publications that took. */
async function publishUntilOneIsGone(pauseMs?: number): Promise<number> {
  const { sessions } = served.hub.gauges()
  for (let n = 0; n < 20_000; n++) {
    if (served.hub.gauges().sessions < sessions) return n
    void served.hub.publish('open:a', { n, chunk })
    await new Promise((resolve) => (pauseMs === undefined ? setImmediate(resolve) : setTimeout(resolve, pauseMs)))
  }
  throw new Error('nobody was ever slow')
}

test.each(['/connection/http_stream', '/connection/sse', '/connection/uni_sse'])(
  '%s: reading again, it finds whole messages, the reason, and the end',
  async (path) => {
    await serve()
    const healthy = await listening(path, 'healthy')
    const slow = await listening(path, 'slow')
    slow.pause()
    const count = await publishUntilOneIsGone()
    slow.resume()
    await poll(() => slow.ended).toBe(true)
    const last = slow.messages.at(-1) ?? {}
    const told = (path.includes('uni') ? last : last['push']) as { disconnect: { code: number } }
    // Which of the two limits is reached first is a matter of the machine.
    expect([3008, 3009]).toContain(told.disconnect.code)
    const received = numbers(slow)
    expect(received).toEqual(Array.from({ length: received.length }, (_, n) => n))
    expect(received.length).toBeLessThan(count)
    await poll(() => numbers(healthy).length).toBe(count)
    expect(healthy.ended).toBe(false)
  },
)

test('what stands for it is bounded, however much is published', async () => {
  await serve()
  const slow = await Promise.all(Array.from({ length: 20 }, (_, n) => listening('/connection/http_stream', `slow${n}`)))
  for (const client of slow) client.pause()
  const before = process.memoryUsage().rss
  for (let n = 0; served.hub.gauges().sessions > 0; n++) {
    if (n > 50_000) throw new Error('somebody was never slow')
    void served.hub.publish('open:a', { n, chunk })
    await new Promise((resolve) => setImmediate(resolve))
  }
  // The kernel's buffers are not the process's; what is, is shared by all of them.
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024)
  await poll(() => served.hub.gauges().sockets).toBe(0)
}, 30_000)

test('one that never reads again is cut off, and told nothing', async () => {
  await serve()
  const slow = await listening('/connection/http_stream', 'slow')
  slow.pause()
  await publishUntilOneIsGone()
  expect(served.hub.gauges()).toMatchObject({ sessions: 0, channels: 0, sockets: 1 })
  await poll(() => served.hub.gauges().sockets).toBe(0)
  slow.resume()
  await poll(() => slow.closed).toBe(true)
  expect(slow.ended).toBe(false)
}, 20_000)

test('one write that is not taken in time is the end too: 3009', async () => {
  await serve(1024 * 1024 * 1024)
  const slow = await listening('/connection/http_stream', 'slow')
  slow.pause()
  await publishUntilOneIsGone(1)
  slow.resume()
  await poll(() => slow.ended).toBe(true)
  expect(slow.messages.at(-1)).toEqual({ push: { disconnect: { code: 3009, reason: 'write error' } } })
}, 20_000)
