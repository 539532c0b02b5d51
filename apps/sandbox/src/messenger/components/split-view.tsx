import { useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react'
import { readStored, writeStored } from '../react/stored.ts'

const key = 'messenger.width'
const widths = { min: 320, standard: 352, max: 560 } as const

/** Two columns with a divider that is dragged or moved with the arrow keys; on a phone one of them. */
export function SplitView({ left, right, rightIsOpen }: { left: ReactNode; right: ReactNode; rightIsOpen: boolean }) {
  const [width, setWidth] = useState(() => bounded(Number(readStored(key) ?? widths.standard)))
  const column = useRef<HTMLDivElement>(null)

  const resize = (next: number) => {
    const wanted = bounded(next)
    setWidth(wanted)
    writeStored(key, String(wanted))
  }
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    event.preventDefault()
    event.currentTarget.setPointerCapture(event.pointerId)
  }
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId) || column.current === null) return
    resize(event.clientX - column.current.getBoundingClientRect().left)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const next = {
      ArrowLeft: width - 16,
      ArrowRight: width + 16,
      Home: widths.min,
      End: widths.max,
      Enter: widths.standard,
    }[event.key]
    if (next === undefined || event.altKey) return
    event.preventDefault()
    resize(next)
  }

  return (
    <div className="flex min-h-0 grow" style={{ '--left': `${width}px` } as Record<string, string>}>
      <div
        ref={column}
        id="messenger-left"
        className={`min-w-0 shrink-0 flex-col bg-surface max-md:w-full md:flex md:w-(--left) ${rightIsOpen ? 'hidden' : 'flex'}`}
      >
        {left}
      </div>
      <div
        role="separator"
        aria-orientation="vertical"
        aria-label="Width of the room list"
        aria-controls="messenger-left"
        aria-valuemin={widths.min}
        aria-valuemax={widths.max}
        aria-valuenow={width}
        tabIndex={0}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onDoubleClick={() => resize(widths.standard)}
        onKeyDown={onKeyDown}
        className="relative z-10 hidden w-px shrink-0 cursor-col-resize touch-none bg-line before:absolute before:inset-y-0 before:-left-1.5 before:w-3 hover:bg-accent focus-visible:bg-accent md:block"
      />
      <div className={`min-w-0 grow flex-col md:flex ${rightIsOpen ? 'flex' : 'hidden'}`}>{right}</div>
    </div>
  )
}

function bounded(width: number): number {
  return Number.isFinite(width) ? Math.round(Math.max(widths.min, Math.min(width, widths.max))) : widths.standard
}
