import type { KeyboardEvent } from 'react'

/** The key belongs to a character that is being composed. Safari tells of the one that ends it by its code alone. */
export function isComposing({ nativeEvent }: KeyboardEvent): boolean {
  return nativeEvent.isComposing || nativeEvent.keyCode === 229
}
