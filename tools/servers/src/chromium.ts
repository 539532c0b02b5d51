import type { Availability } from './availability.ts'
import { findProgram, isExecutable } from './availability.ts'

/** The Chromium for browser tests: CHROMIUM_PATH, one that the system has, or the one Playwright installed. */
export async function findChromium(): Promise<string | undefined> {
  const chosen = process.env['CHROMIUM_PATH']
  if (chosen !== undefined && chosen !== '') return isExecutable(chosen) ? chosen : undefined
  const installed = findProgram(
    ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    ['/usr/bin', '/snap/bin'],
  )
  if (installed !== undefined) return installed
  const mac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
  if (isExecutable(mac)) return mac
  const { chromium } = await import('@playwright/test')
  const own = chromium.executablePath()
  return isExecutable(own) ? own : undefined
}

export async function chromiumAvailable(): Promise<Availability> {
  if ((await findChromium()) !== undefined) return { ok: true }
  const chosen = process.env['CHROMIUM_PATH']
  return {
    ok: false,
    reason:
      chosen === undefined || chosen === ''
        ? 'Chromium is not installed (install `chromium`, run `npx playwright install chromium`, or set CHROMIUM_PATH)'
        : `CHROMIUM_PATH=${chosen} is not an executable file`,
  }
}
