/** The channel that every signed-in user may hear. One's own is `personalChannel(userId)`. */
export const demoChannel = 'sandbox:demo'
