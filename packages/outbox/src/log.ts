/** Where the relay reports to. pino and what is shaped like it fit as they are. */
export interface OutboxLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export const consoleLogger: OutboxLogger = {
  info: () => {},
  // oxlint-disable-next-line no-console -- the default for an app without a logger of its own
  warn: (fields, message) => console.warn(`[outbox] ${message}`, fields),
  // oxlint-disable-next-line no-console -- likewise
  error: (fields, message) => console.error(`[outbox] ${message}`, fields),
}

/** What a logger throws must not end the relay: such a line is lost. */
export function guardLogger(logger: OutboxLogger): OutboxLogger {
  const guard =
    (level: keyof OutboxLogger): OutboxLogger[typeof level] =>
    (fields, message) => {
      try {
        logger[level](fields, message)
      } catch {}
    }
  return { info: guard('info'), warn: guard('warn'), error: guard('error') }
}
