import type { AnyRouter } from '@tanstack/react-router'

/**
 * After a navigation that loads no document, moves the focus to the new page's heading, as loading one would: a screen
 * reader says where it is, and Tab goes on from there. Returns what ends it.
 */
export function focusHeadingOnNavigation(router: AnyRouter): () => void {
  return router.subscribe('onRendered', ({ fromLocation, pathChanged }) => {
    if (fromLocation === undefined || !pathChanged) return
    const main = document.querySelector('#main')
    // A field of the page that asked for the focus keeps it.
    if (main === null || main.contains(document.activeElement)) return
    const heading = main.querySelector<HTMLElement>('h1')
    if (heading === null) return
    heading.tabIndex = -1
    heading.focus({ preventScroll: true })
  })
}
