/** What a page must be for everybody, on a phone and on a desk, in light and in dark. */
import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'

/** What axe finds; of all its rules, or of those given. */
export async function violations(page: Page, rules?: string[]): Promise<string[]> {
  // Contrast is measured on what has come to rest.
  await page.evaluate(() => {
    for (const animation of document.getAnimations()) animation.finish()
  })
  // There are no frames of other origins, so axe needs no second page to join what it found in them.
  const axe = new AxeBuilder({ page }).setLegacyMode()
  if (rules !== undefined) axe.withRules(rules)
  // An open menu has guards at its ends, which hand the focus on: hidden from a screen reader, yet in the tab order.
  const { violations: found } = await axe.exclude('[data-base-ui-focus-guard]').analyze()
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** axe's rules that ask for colours. The schemes are the same elements in other ones, so in dark these are what is left. */
const colorRules = ['color-contrast', 'link-in-text-block']

/** At both widths and in both schemes axe finds nothing, and nothing sticks out. The page ends wide and light. */
export async function isAccessible(page: Page): Promise<void> {
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    for (const [scheme, rules] of [['dark', colorRules], ['light']] as const) {
      await wear(page, scheme)
      expect(await violations(page, rules)).toEqual([])
      expect(await overflow(page)).toBeLessThanOrEqual(0)
    }
  }
}

function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
}

/** Waits until the page has followed. */
async function wear(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme })
  const isDark = colorScheme === 'dark'
  await page.waitForFunction((dark) => document.documentElement.classList.contains('dark') === dark, isDark)
}
