import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { Failure, reasonOf } from '../failure.ts'
import { formatOf, printConfig } from '../load/parse.ts'

const secret = (bytes: number): string => randomBytes(bytes).toString('base64url')

/** Writes a configuration to start with: closed to everybody, with secrets of its own. @throws Failure */
export function genconfig(file: string): void {
  const config = {
    client: { token: { hmac_secret_key: secret(64) }, allowed_origins: [] },
    admin: { enabled: false, password: secret(16), secret: secret(64) },
    http_api: { key: secret(64) },
  }
  writeNew(file, printConfig(config, formatOf(file)))
}

/** Secrets are for the owner alone, and what is there already stays. @throws Failure file */
export function writeNew(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST'
    throw new Failure(
      'file',
      exists
        ? `${file} is there already and stays as it is; name another file, or remove it`
        : `${file} can't be written: ${reasonOf(error)}`,
      error,
    )
  }
}
