// A log is read by more people than may connect as anybody: no line holds what one could connect with.
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { outcomeOf } from '../api/http-api-outcome.ts'
import { createTestHub } from '../testing/test-hub.ts'

const cookie = 'id=cookie-of-the-browser'
const said = 'what-people-write'

test('failures of every kind are logged without tokens, keys, cookies or data', async () => {
  const hub = createTestHub({
    handlers: {
      onPublish: () => Promise.reject(new Error('the database is away')),
      onRpc: () => {
        throw new Error('not today')
      },
    },
  })
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve()
    hub.clock.tick()
  }
  const good = hub.token({ sub: 'alice' })
  const bad = `${good.slice(0, -4)}AAAA`
  const expired = hub.token({ sub: 'alice', exp: 1 })
  for (const token of [bad, expired, 'not-a-token-at-all', good]) {
    const peer = hub.peer()
    peer.send({ id: 1, connect: { token, headers: { cookie } } })
    await settle()
    peer.send(
      { id: 2, subscribe: { channel: 'closed:a', token } },
      { id: 3, publish: { channel: 'open:a', data: said } },
      { id: 4, rpc: { method: 'm', data: said } },
      { id: 5, refresh: { token } },
      { id: 6, sub_refresh: { channel: 'open:a', token } },
    )
    await settle()
    peer.session.receive(`{"id":7,"connect":{"token":"${token}"`)
    await settle()
  }
  await outcomeOf(hub.core, 'publish', { channel: 'nowhere:a', data: said }, () => JSON.stringify(said))

  // As deep as it goes: errors with what hangs on them.
  const text = inspect(hub.log, { depth: null, maxArrayLength: null, maxStringLength: null, breakLength: Infinity })
  // There is something to look through: failures of the app, refusals, and ends.
  expect(new Set(hub.log.map(({ level }) => level))).toEqual(new Set(['error', 'info']))
  expect(text).toContain('the database is away')
  const signature = good.split('.')[2] ?? ''
  for (const secret of [good, bad, expired, signature, 'not-a-token-at-all', 'test-token-key', cookie, said]) {
    expect(text).not.toContain(secret)
  }
  hub.close()
})
