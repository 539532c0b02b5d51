/**
 * An app's channels and what they carry, declared once and used by `publish`, `broadcast`, `subscribe` and
 * `useChannel`. Template literals stand for whole families of channels:
 *
 * ```ts
 * declare module '@backchannel/realtime' {
 *   interface ChannelPayloads {
 *     'sandbox:demo': { text: string }
 *     [personal: `personal:${string}`]: { type: 'message_added'; body: { id: string } }
 *   }
 * }
 * ```
 *
 * A channel that is not declared carries `unknown`. Nothing is checked at run time.
 */
export interface ChannelPayloads {}

/** What the channel carries: its declaration, or `Fallback`. */
export type PayloadOf<Channel extends string, Fallback = unknown> = [Channel] extends [never]
  ? Fallback
  : Channel extends keyof ChannelPayloads
    ? ChannelPayloads[Channel]
    : Fallback
