/** The realtime page as a person uses it. */
import { expect, type Locator, type Page, type WebSocket } from '@playwright/test'
import { randomBytes } from 'node:crypto'

export class RealtimePage {
  readonly page: Page
  /** The page's realtime sockets, in the order of their opening. */
  readonly sockets: WebSocket[] = []
  readonly #received: string[] = []

  constructor(page: Page) {
    this.page = page
    page.on('websocket', (socket) => {
      if (!socket.url().endsWith('/connection/websocket')) return
      this.sockets.push(socket)
      socket.on('framereceived', ({ payload }) => this.#received.push(payload.toString()))
    })
  }

  get badge(): Locator {
    return this.page.getByTestId('realtime-badge')
  }

  get log(): Locator {
    return this.page.getByRole('log', { name: 'Messages' })
  }

  get clientId(): Locator {
    return this.page.getByTestId('client-id')
  }

  message(text: string): Locator {
    return this.log.getByText(text, { exact: true })
  }

  /** Everything that came over the sockets. */
  received(): string {
    return this.#received.join('\n')
  }

  async connect(): Promise<void> {
    await this.page.getByRole('button', { name: 'Connect', exact: true }).click()
    await this.isLive()
  }

  async isLive(): Promise<void> {
    await expect(this.badge).toHaveText('Live')
  }

  async isOffline(): Promise<void> {
    await expect(this.badge).toHaveText('Offline')
  }

  async choose(channel: 'shared' | 'personal'): Promise<void> {
    await this.page.getByRole('radio', { name: channel === 'shared' ? 'Shared' : 'Only you' }).click()
  }

  /** Asks the server to publish, and waits for what it says. */
  async publish(text: string, outcome = 'Saved and published.'): Promise<void> {
    await this.page.getByLabel('Message', { exact: true }).fill(text)
    await this.page.getByRole('button', { name: 'Publish', exact: true }).click()
    await expect(this.page.getByTestId('publish-outcome')).toContainText(outcome)
  }
}

/** A text that no other test uses. */
export function unique(about: string): string {
  return `${about} ${randomBytes(4).toString('hex')}`
}
