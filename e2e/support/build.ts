import { execFileSync } from 'node:child_process'
import path from 'node:path'

/** The tests run the built app; it is built when a source is newer. */
export default function build(): void {
  execFileSync(process.execPath, [path.join(import.meta.dirname, '../../scripts/build-sandbox.ts')], {
    stdio: 'inherit',
  })
}
