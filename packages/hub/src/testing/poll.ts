import { expect } from 'vitest'

/** `expect.poll` for what takes as long as the machine is busy: fails only when it never comes. */
export const poll: typeof expect.poll = (read, options) =>
  expect.poll(read, { timeout: 10_000, interval: 10, ...options })
