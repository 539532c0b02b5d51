/** What the documentation's code blocks take from the app around them. */
import type { Server } from 'node:http'
import type { HubHandlers } from '@backchannel/hub'

declare global {
  interface Message {
    id: string
    text: string
  }

  /** The signed-in user. */
  const user: { id: string; name: string }
  const request: Request
  const server: Server
  const handlers: HubHandlers
  /** What the app's server sent to the page. */
  const url: string
  const token: string

  const db: {
    insertMessage(room: string, text: string): Promise<Message>
    membersOf(room: string): Promise<string[]>
    isMember(room: string, userId: string): Promise<boolean>
  }
  function userOf(request: Request): Promise<{ id: string; name: string } | undefined>
  function userOfCookie(cookie: string | undefined): Promise<{ id: string } | undefined>

  function show(data: unknown): void
  function setBadge(connected: boolean): void
  function reload(): void
  function goToSignIn(): void
}
