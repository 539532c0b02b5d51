// Sessions against real rooms. What needs a browser, the copy in IndexedDB and the editor, is tested in one: e2e.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createEditor, union } from 'prosekit/core'
import { defineDoc } from 'prosekit/extensions/doc'
import { defineParagraph } from 'prosekit/extensions/paragraph'
import { defineText } from 'prosekit/extensions/text'
import { afterEach, describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { openStage, Writer, type Stage } from '../testing/peers.ts'
import type { CollabServerOptions } from '../server/index.ts'
import {
  CollabRefused,
  createCollabSession,
  defineCollab,
  type CollabSession,
  type CollabSessionOptions,
} from './index.ts'

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function serve(options: Partial<CollabServerOptions> = {}): Promise<Stage> {
  const stage = await openStage({ valkeyUrl: 'memory:', ...options })
  closing.push(() => stage.close())
  return stage
}

function open(options: Partial<CollabSessionOptions> = {}): CollabSession {
  const session = createCollabSession({ room: 'doc', user: { name: 'Ann' }, ...options })
  closing.push(() => session.destroy())
  return session
}

function write(session: CollabSession, text: string): void {
  const content = session.doc.getText('t')
  content.insert(content.length, text)
}

const soon = (read: () => unknown) => expect.poll(read, { timeout: 5000, interval: 5 })

test('without a url the document is local, and works', async () => {
  const session = open()
  await session.synced
  write(session, 'mine')
  expect([session.status, session.access, session.doc.getText('t').toJSON()]).toEqual(['local', 'write', 'mine'])
  expect(session.peers).toEqual([
    { clientId: session.doc.clientID, name: 'Ann', color: expect.stringMatching(/^#[0-9a-f]{6}$/), isSelf: true },
  ])
})

test('with a url it is everybody’s, and peers are told of as they come and go', async () => {
  const { url } = await serve()
  const session = open({ url, room: 'a/b ü' })
  let changes = 0
  session.onChange(() => changes++)
  await session.synced
  expect(session.status).toBe('connected')
  const bob = await new Writer(url, 'a/b ü').synced()
  closing.push(() => bob.leave())
  bob.provider.awareness.setLocalStateField('user', { name: 'Bob', color: 'red' })
  write(session, 'hello')
  await soon(() => bob.text).toBe('hello')
  await soon(() => session.peers.map(({ name, isSelf }) => [name, isSelf])).toEqual([
    ['Ann', true],
    ['Bob', false],
  ])
  const { peers } = session
  expect(session.peers).toBe(peers)
  expect(bob.names).toEqual(['Ann', 'Bob'])
  session.setUser({ name: 'Anna', color: '#123456' })
  await soon(() => bob.names).toEqual(['Anna', 'Bob'])
  const before = changes
  bob.leave()
  await soon(() => session.peers).toHaveLength(1)
  expect(changes).toBeGreaterThan(before)
})

test('states of others that are not what they should be are shown as somebody, or not at all', async () => {
  const { url } = await serve()
  const session = open({ url })
  for (const user of [{ name: 5, color: {} }, 'Eve', null]) {
    const peer = await new Writer(url, 'doc').synced()
    closing.push(() => peer.leave())
    peer.provider.awareness.setLocalStateField('user', user)
  }
  await soon(() => session.peers.map(({ name }) => name)).toEqual(['Ann', 'Somebody'])
  expect(session.peers[1]?.color).toMatch(/^#/)
})

describe('a server', () => {
  test('that says no is believed: nothing is tried again until it is asked for', async () => {
    let access: 'deny' | 'write' = 'deny'
    let asked = 0
    const { url } = await serve({
      authorize: () => {
        asked++
        return access
      },
    })
    const session = open({ url })
    await expect(session.synced).rejects.toThrow(new CollabRefused(4403, 'forbidden'))
    expect([session.status, session.refusal?.code]).toEqual(['refused', 4403])
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(asked).toBe(1)
    access = 'write'
    session.reconnect()
    await soon(() => [session.status, session.refusal]).toEqual(['connected', undefined])
  })

  test('that lets one read only is heard', async () => {
    const { url } = await serve({ authorize: (request) => (request.url.includes('reader') ? 'read' : 'write') })
    const session = open({ url, params: { who: 'reader' } })
    await session.synced
    expect(session.access).toBe('read')
  })

  test('that finds a message too large is not sent it again', async () => {
    const stage = await serve({ maxUpdateBytes: 10_000 })
    const session = open({ url: stage.url })
    await session.synced
    write(session, 'x'.repeat(20_000))
    await soon(() => [session.status, session.refusal?.code]).toEqual(['refused', 1009])
  })

  test('that gives the right to write later is believed', async () => {
    let access: 'read' | 'write' = 'read'
    const stage = await serve({ authorize: () => access })
    const session = open({ url: stage.url })
    await session.synced
    expect(session.access).toBe('read')
    access = 'write'
    stage.collab.disconnect('doc')
    await soon(() => [session.status, session.access]).toEqual(['connected', 'write'])
  })

  test('that is not there, or says no, is never shown as connected', async () => {
    const seen: string[] = []
    const watch = (session: CollabSession) => session.onChange(() => seen.push(session.status))
    const { url } = await serve({ authorize: () => 'deny' })
    const denied = open({ url })
    const away = open({ url: 'ws://127.0.0.1:1/collab' })
    watch(denied)
    watch(away)
    await soon(() => [denied.status, away.status]).toEqual(['refused', 'disconnected'])
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(away.status).toBe('disconnected')
    expect(seen).not.toContain('connected')
  })

  test('that goes away is waited for, and gets what was typed meanwhile', async () => {
    const stage = await serve()
    const session = open({ url: stage.url })
    await session.synced
    stage.collab.disconnect()
    await soon(() => session.status).toBe('disconnected')
    write(session, 'meanwhile')
    await soon(() => session.status).toBe('connected')
    const bob = await new Writer(stage.url, 'doc').synced()
    closing.push(() => bob.leave())
    await soon(() => bob.text).toBe('meanwhile')
  })
})

test('a destroyed session is gone at once for the others, and nothing of it is left', async () => {
  const stage = await serve()
  const session = open({ url: stage.url })
  await session.synced
  const bob = await new Writer(stage.url, 'doc').synced()
  closing.push(() => bob.leave())
  await soon(() => bob.names).toEqual(['Ann'])
  await session.destroy()
  await soon(() => [bob.names, stage.collab.stats().connections]).toEqual([[], 1])
  expect(session.status).toBe('destroyed')
  await session.destroy()
  const early = open({ url: stage.url })
  await early.destroy()
  await expect(early.synced).rejects.toThrow('destroyed')
})

test.each([
  [{ room: '' }, /room is a name/],
  [{ room: 'x'.repeat(256) }, /room is a name/],
  [{ url: 'ftp://example.com' }, /url is an address/],
  [{ url: '/collab' }, /url is an address/],
  [{ persists: true }, /no 'persists'; what there is: url/],
  [{ user: 'Ann' }, /somebody with a name/],
  [{ room: '\ud800' }, /room is a name/],
])('%j is refused', (options, message) => {
  expect(() => open(options as never)).toThrow(message)
})

test('the server’s import of it is an error that says what to do', async () => {
  const program = "import { CollabRefused, createCollabSession, defineCollab } from '@backchannel/collab'"
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '--conditions=@backchannel/source' },
  })
  expect(status).toBe(1)
  expect(stderr).toMatch(/Error: @backchannel\/collab is for browsers.*collab\/server/)
  const stub = await import('../browser-stub.ts')
  expect(() => stub.createCollabServer({} as never)).toThrow(/server-only/)
})

test('the server stub has every name that the browser half has', async () => {
  const text = readFileSync(new URL('../server-stub.ts', import.meta.url), 'utf8')
  const client = await import('./index.ts')
  for (const name of Object.keys(client)) expect(text).toContain(`export const ${name}`)
})

test('the browser’s stub has every name that the server half has', async () => {
  const [stub, server] = await Promise.all([import('../browser-stub.ts'), import('../server/index.ts')])
  expect(Object.keys(stub).toSorted()).toEqual(Object.keys(server).toSorted())
})

test('an editor that is bound to a session has undo by Yjs', () => {
  const session = open()
  const editor = createEditor({
    extension: union(defineDoc(), defineText(), defineParagraph(), defineCollab(session)),
  })
  expect(Object.keys(editor.commands)).toEqual(expect.arrayContaining(['undo', 'redo']))
  const other = session.doc.getXmlFragment('other')
  expect(other).toBeInstanceOf(Y.XmlFragment)
  expect(() => defineCollab(session, { fragment: other })).not.toThrow()
})
