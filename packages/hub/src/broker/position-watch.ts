import type { HistoryQuery } from './broker.ts'
import type { Channel } from '../fanout/channel.ts'
import type { Core } from '../core.ts'
import type { Alarm } from '../fanout/keepalive.ts'
import { chain, type MaybePromise } from '../maybe-promise.ts'

/**
 * A broker delivers at most once, so a channel that hears nothing may have missed something. Now and then the quiet
 * ones with positioned subscribers are compared with the broker's position. Every `client.channel_position_check_delay`
 * all of them are walked, so a channel is asked for after one to two such delays without a publication; that needs no
 * time to be kept with each publication.
 */
export class PositionWatch implements Alarm {
  readonly #core: Core
  readonly #delay: number
  #subscriptions = 0

  constructor(core: Core) {
    this.#core = core
    this.#delay = core.config.client.channel_position_check_delay
  }

  /** A positioned subscription stands from now on. */
  acquire(): void {
    if (++this.#subscriptions === 1) this.#plan()
  }

  /** One that stood has ended. */
  release(): void {
    if (--this.#subscriptions === 0) this.#core.keepalive.cancel(this)
  }

  onAlarm(): void {
    for (const channel of this.#core.registry.channels) {
      if (channel.takeWasHeard() || !channel.hasPositioned) continue
      this.#core.settle(() => this.#check(channel), 'position', channel.name)
    }
    if (this.#subscriptions > 0) this.#plan()
  }

  #plan(): void {
    if (this.#delay > 0) this.#core.keepalive.plan(this, this.#core.clock.monotonic() + this.#delay)
  }

  #check(channel: Channel): MaybePromise<void> {
    const options = this.#core.namespaces.find(channel.name)?.options
    if (!options) return undefined
    const query: HistoryQuery = { limit: 0, reverse: false, historyMetaTtlMs: this.#core.historyMetaTtl(options) }
    return chain(this.#core.broker.history(channel.name, query), ({ position }) => {
      // What came while the broker was asked may be newer than its answer; the next round sees.
      if (!channel.takeWasHeard() && !channel.standsAt(position)) channel.loseStream()
    })
  }
}
