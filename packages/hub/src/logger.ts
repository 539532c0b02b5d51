/** Where the hub reports to. pino and what is shaped like it fit as they are. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Warnings and errors to the console; an app with a logger of its own passes that. */
export const consoleLogger: Logger = {
  debug: () => {},
  info: () => {},
  // oxlint-disable-next-line no-console -- the default for an app without a logger of its own
  warn: (fields, message) => console.warn(`[backchannel] ${message}`, fields),
  // oxlint-disable-next-line no-console -- likewise
  error: (fields, message) => console.error(`[backchannel] ${message}`, fields),
}

/** What a logger throws must not end the connection, or the process, that it was told of: such a line is lost. */
export function guardLogger(logger: Logger): Logger {
  const guard =
    (level: keyof Logger): Logger[typeof level] =>
    (fields, message) => {
      try {
        logger[level](fields, message)
      } catch {}
    }
  return { debug: guard('debug'), info: guard('info'), warn: guard('warn'), error: guard('error') }
}
