import { readFileSync } from 'node:fs'

/** The package's version and Node's. */
export function versionText(): string {
  // One folder up from `src` and from `dist` alike.
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text) as { version: string }
  return `Backchannel v${version} (Node version: ${process.versions.node})\n`
}
