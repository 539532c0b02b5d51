/** A message as the sandbox's server publishes it. */
export interface Message {
  readonly id: string
  readonly author: string
  readonly text: string
  /** ISO 8601. */
  readonly createdAt: string
}

/** What the list shows of a publication. Whoever holds the API key may publish any JSON, so nothing is taken for granted. */
export interface ReceivedMessage {
  /** Unique on this page. */
  readonly key: string
  readonly author: string | undefined
  readonly text: string
  /** When the server wrote it; for other publications, when it arrived here. */
  readonly at: Date
}

export function readPublication(data: unknown, key: string, arrivedAt: Date): ReceivedMessage {
  const { author, text, createdAt } = isRecord(data) ? data : {}
  const writtenAt = typeof createdAt === 'string' ? new Date(createdAt) : arrivedAt
  return {
    key,
    author: typeof author === 'string' ? author : undefined,
    text: typeof text === 'string' ? text : typeof data === 'string' ? data : JSON.stringify(data, null, 2),
    at: Number.isNaN(writtenAt.getTime()) ? arrivedAt : writtenAt,
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
