const bar = 'rounded bg-sunken'

export function RoomListSkeleton() {
  return (
    <div role="status" className="min-h-0 grow overflow-hidden p-2 motion-safe:animate-pulse">
      <span className="sr-only">Loading your rooms.</span>
      {Array.from({ length: 6 }, (_, index) => (
        <div key={index} className="flex h-17 items-center gap-3 px-3">
          <div className="size-11 shrink-0 rounded-xl bg-sunken" />
          <div className="grid grow gap-2">
            <div className={`${bar} h-3.5 w-2/5`} />
            <div className={`${bar} h-3 w-4/5`} />
          </div>
        </div>
      ))}
    </div>
  )
}

export function MessagesSkeleton() {
  return (
    <div
      role="status"
      className="flex min-h-0 grow flex-col justify-end gap-4 overflow-hidden p-4 motion-safe:animate-pulse sm:px-6"
    >
      <span className="sr-only">Loading messages.</span>
      {['w-3/5', 'w-2/5', 'w-1/2', 'w-1/3'].map((width, index) => (
        <div key={width} className={`flex gap-2.5 ${index % 3 === 2 ? 'flex-row-reverse' : ''}`}>
          <div className={`size-9 shrink-0 rounded-full bg-sunken ${index % 3 === 2 ? 'hidden' : ''}`} />
          <div className={`h-14 max-w-md rounded-2xl bg-sunken ${width}`} />
        </div>
      ))}
    </div>
  )
}

/** The page before its script is there: the same two columns. */
export function MessengerSkeleton({ roomIsOpen }: { roomIsOpen: boolean }) {
  return (
    <div className="flex min-h-0 grow">
      <div className={`w-full shrink-0 flex-col border-r bg-surface md:flex md:w-88 ${roomIsOpen ? 'hidden' : 'flex'}`}>
        <div className="h-14 border-b" />
        <RoomListSkeleton />
      </div>
      <div className={`min-w-0 grow flex-col md:flex ${roomIsOpen ? 'flex' : 'hidden'}`}>
        <div className="h-14 border-b bg-surface" />
        {roomIsOpen ? <MessagesSkeleton /> : null}
      </div>
    </div>
  )
}
