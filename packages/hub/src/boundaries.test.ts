// What a room must not know, read off its imports: ARCHITECTURE.md, "Who owns what".
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = import.meta.dirname

function sources(folder = root): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sources(path)
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts') ? [relative(root, path)] : []
  })
}

/** What a file imports at run time and for types: files of this package by name, others as they stand. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  return Array.from(text.matchAll(/(?:from|import) '([^']+)'/g), ([, specifier = '']) =>
    specifier.startsWith('.') ? relative(root, resolve(root, dirname(file), specifier)) : specifier,
  )
}

/** Everything that a file reaches, through whatever it imports. */
function reach(file: string, seen = new Set<string>()): Set<string> {
  for (const imported of importsOf(file)) {
    if (seen.has(imported)) continue
    seen.add(imported)
    if (imported.endsWith('.ts')) reach(imported, seen)
  }
  return seen
}

function folderOf(file: string): string {
  return file.endsWith('.ts') && file.includes('/') ? (file.split('/')[0] ?? '') : ''
}

const files = sources().filter((file) => folderOf(file) !== 'testing')

test('the folder is read', () => {
  expect(files).toContain('fanout/channel.ts')
  expect(importsOf('fanout/channel.ts')).toContain('fanout/fanout.ts')
})

test.each(files.filter((file) => folderOf(file) === 'fanout'))(
  '%s reaches neither sessions and commands nor any wire',
  (file) => {
    const forbidden = Array.from(reach(file)).filter(
      (name) =>
        name.startsWith('node:') || ['session', 'commands', 'wires', 'transports', 'adapters'].includes(folderOf(name)),
    )
    expect(forbidden).toEqual([])
    // Of the protocol they know the shapes and the code tables; how those are written is the wires' matter.
    const text = readFileSync(join(root, file), 'utf8')
    expect(text).not.toMatch(/encode(Reply|Push|Publication)|decodeCommand/)
  },
)

test('wires know no session and no socket', () => {
  const wires = files.filter((file) => folderOf(file) === 'wires')
  expect(wires).toContain('wires/json.ts')
  for (const file of wires) {
    const forbidden = Array.from(reach(file)).filter(
      (name) =>
        name === 'ws' ||
        name.startsWith('node:') ||
        ['session', 'commands', 'transports', 'adapters'].includes(folderOf(name)),
    )
    expect(forbidden).toEqual([])
  }
})

test('brokers and streams know no session and no socket', () => {
  for (const file of ['broker.ts', 'memory-broker.ts', 'stream.ts', 'presence.ts']) {
    const reached = Array.from(reach(`broker/${file}`))
    const forbidden = ['session', 'commands', 'wires', 'transports', 'adapters', 'api', 'say', 'tokens']
    expect(reached.filter((name) => name === 'ws' || forbidden.includes(folderOf(name)))).toEqual([])
  }
})

test('only transports and adapters know a socket library or an HTTP server', () => {
  const knowing = files.filter((file) =>
    importsOf(file).some((name) => ['ws', 'node:http', 'node:https', 'node:net', 'node:stream'].includes(name)),
  )
  expect(knowing.filter((file) => !['transports', 'adapters'].includes(folderOf(file)))).toEqual(['hub.ts'])
})

test('commands and sessions reach no transport', () => {
  for (const file of files.filter(
    (name) => ['commands', 'session', 'say', 'tokens', 'api'].includes(folderOf(name)) || name === 'core.ts',
  )) {
    expect(Array.from(reach(file)).filter((name) => ['transports', 'adapters'].includes(folderOf(name)))).toEqual([])
  }
})

test('the second face knows no session, no command and no socket, and needs nothing of Node', () => {
  const events = files.filter((file) => folderOf(file) === 'events')
  expect(events).toContain('events/event-core.ts')
  for (const file of events) {
    const forbidden = Array.from(reach(file)).filter(
      (name) =>
        name === 'ws' ||
        name.startsWith('node:') ||
        ['session/session.ts', 'session/subscription.ts', 'core.ts'].includes(name) ||
        ['commands', 'tokens', 'transports', 'api'].includes(folderOf(name)),
    )
    expect(forbidden).toEqual([])
  }
})

test('nobody but the clock asks the process for the time or a timer', () => {
  const clocked = files.filter((file) =>
    // Not a socket's own limit: `response.setTimeout`.
    /(?<!\.)\b(Date\.now|performance\.now|setTimeout|setInterval|setImmediate|Math\.random)\b/.test(
      readFileSync(join(root, file), 'utf8'),
    ),
  )
  expect(clocked).toEqual(['clock.ts'])
})

test('no file is near a thousand lines', () => {
  const long = files.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 500)
  expect(long).toEqual([])
})
