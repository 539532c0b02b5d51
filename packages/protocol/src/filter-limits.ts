/** A filter by tags says little; deeper or wider ones are only ever made to hurt. */
export const maxFilterDepth = 16
export const maxFilterNodes = 256
