import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Whether a real server can be started here; `reason` is for people. */
export type Availability = { ok: true } | { ok: false; reason: string }

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The first of these programs in PATH, then in the further folders. */
export function findProgram(names: string[], folders: string[] = []): string | undefined {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), ...folders].filter((folder) => folder !== '')
  return names.flatMap((name) => places.map((folder) => join(folder, name))).find(isExecutable)
}
