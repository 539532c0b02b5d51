/** Why a request is not done. The detail is one sentence, for the person who made it. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly status: number
  /** Seconds after which it may be tried again. */
  readonly retryAfter: number | undefined

  constructor(status: number, detail: string, retryAfter?: number) {
    super(detail)
    this.status = status
    this.retryAfter = retryAfter
  }
}

/** Said of rooms that are not there and of rooms that one is not in alike: nobody learns which. */
export function noSuchRoom(): Refusal {
  return new Refusal(404, 'There is no such room, or you are not in it.')
}
