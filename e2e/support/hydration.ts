/** When a page answers. */
import type { Page } from '@playwright/test'

/** Goes to a page and waits until it answers. */
export async function visit(page: Page, path: string): Promise<void> {
  await page.goto(path)
  await isHydrated(page)
}

/**
 * React has taken over every button; one that is pressed before that does nothing. A quiet network is no sign of it: on
 * a busy machine a script runs long after it was fetched.
 */
export async function isHydrated(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const buttons = [...document.querySelectorAll('button')]
    const isTaken = (button: Element) => Object.keys(button).some((key) => key.startsWith('__reactProps$'))
    return buttons.length > 0 && buttons.every(isTaken)
  })
}
