/** What the hub calls itself in connect results and in the server API's `info`. */
export const hubVersion = '0.1.0 Backchannel'
