import { useInsertionEffect, useRef } from 'react'

/**
 * The value of the latest committed render, for callbacks that outlive the render they were made in. Insertion effects
 * run before all others, so no effect can see the previous one.
 */
export function useLatest<T>(value: T): { readonly current: T } {
  const ref = useRef(value)
  useInsertionEffect(() => {
    ref.current = value
  })
  return ref
}
