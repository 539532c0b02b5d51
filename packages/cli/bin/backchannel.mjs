#!/usr/bin/env node
// Plain JavaScript that old versions of Node can read, so that they can say what is the matter. In the repository the
// sources run as they are, in this very process, so that signals reach them; in the published package `dist` does.
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'

const source = new URL('../src/main.ts', import.meta.url)
const fromSource = existsSync(source)
const canRun = fromSource ? Boolean(process.features.typescript && nodeModule.registerHooks) : isAtLeast(22, 12)

function isAtLeast(major, minor) {
  const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}

if (!canRun) {
  const advice = fromSource
    ? 'the sources need Node 22.18 or newer. In the repository `npx backchannel` takes the right one, after `npm ci`.'
    : 'Node 22.12 or newer is needed.'
  console.error(`backchannel: this is Node ${process.versions.node}; ${advice}`)
  process.exit(1)
}

if (fromSource) {
  nodeModule.registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...context.conditions, '@backchannel/source'] }),
  })
}

const { main } = await import(fromSource ? source.href : new URL('../dist/main.js', import.meta.url).href)
await main(process.argv.slice(2))
