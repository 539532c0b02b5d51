/** The messenger as a person uses it. */
import { expect, type Locator, type Page } from '@playwright/test'
import { visit } from './hydration.ts'
import { enter, type DemoPerson } from './sign-in.ts'

export class MessengerPage {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  /** Signs in with one click, and waits for the messenger. */
  static async signIn(page: Page, person: DemoPerson): Promise<MessengerPage> {
    await visit(page, '/sign-in?redirect=/messenger')
    await page.getByRole('button', { name: `Continue as ${person}` }).click()
    const messenger = new MessengerPage(page)
    await messenger.isLive()
    return messenger
  }

  /** Opens the messenger for somebody who has been here before. */
  static async as(page: Page, person: DemoPerson): Promise<MessengerPage> {
    await enter(page.context(), person)
    await page.goto('/messenger')
    const messenger = new MessengerPage(page)
    await messenger.isLive()
    return messenger
  }

  get rooms(): Locator {
    return this.page.getByRole('list', { name: 'Rooms', exact: true })
  }

  get log(): Locator {
    return this.page.getByRole('log', { name: 'Messages' })
  }

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: 'Message', exact: true })
  }

  room(name: string): Locator {
    return this.rooms.getByRole('link').filter({ hasText: name })
  }

  message(text: string): Locator {
    return this.log.getByText(text, { exact: true })
  }

  async isLive(): Promise<void> {
    await expect(this.page.getByRole('img', { name: 'Connection: live' })).toBeVisible()
  }

  async isAway(): Promise<void> {
    await expect(this.page.getByRole('img', { name: 'Connection: live' })).toBeHidden({ timeout: 90_000 })
  }

  async createRoom(name: string, kind: 'Public' | 'Private' = 'Public'): Promise<void> {
    await this.page.getByRole('button', { name: 'New room' }).click()
    const dialog = this.page.getByRole('dialog', { name: 'New room' })
    await dialog.getByRole('textbox').fill(name)
    await dialog.getByRole('radio', { name: kind }).click()
    await dialog.getByRole('button', { name: 'Create' }).click()
    await expect(this.composer).toBeVisible()
  }

  async join(name: string): Promise<void> {
    await this.page.getByRole('button', { name: 'Discover rooms' }).click()
    await this.page.getByRole('searchbox', { name: 'Find a room' }).fill(name)
    await this.page.getByRole('button', { name: `Join ${name}`, exact: true }).click()
    await expect(this.page.getByRole('button', { name: `Leave ${name}`, exact: true })).toBeVisible()
    await this.page.getByRole('button', { name: 'Back to my rooms' }).first().click()
  }

  async open(name: string): Promise<void> {
    await this.room(name).click()
    await expect(this.composer).toBeVisible()
  }

  async send(text: string): Promise<void> {
    await this.composer.fill(text)
    await this.composer.press('Enter')
  }

  /** The texts of the open room, in their order; those that start with `about`. */
  async texts(about: string): Promise<string[]> {
    const all = await this.log.locator('.message-text').allInnerTexts()
    return all.map((text) => text.trim()).filter((text) => text.startsWith(about))
  }
}
