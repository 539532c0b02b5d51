import { useEffect, useRef, type RefObject } from 'react'

/** Calls when the element that the returned ref is given to comes near the box's edge, and again for each new edge. */
export function useEdge(
  box: RefObject<HTMLElement | null>,
  enabled: boolean,
  /** What is at the edge: with something else there, it is another one. */
  edge: number,
  onNear: () => void,
): RefObject<HTMLDivElement | null> {
  const element = useRef<HTMLDivElement>(null)
  const call = useRef(onNear)
  useEffect(() => {
    call.current = onNear
  })
  useEffect(() => {
    if (!enabled || element.current === null) return
    const observer = new IntersectionObserver((entries) => entries.at(-1)?.isIntersecting === true && call.current(), {
      root: box.current,
      rootMargin: '1200px 0px',
    })
    observer.observe(element.current)
    return () => observer.disconnect()
  }, [box, enabled, edge])
  return element
}
